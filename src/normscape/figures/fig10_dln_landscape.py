"""Figure 10: the landscape along the gradient, deep linear network and other regressions.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes. A smoother landscape has narrower bands and a
smaller effective beta.

In the paper's Figure 10 BatchNorm's effective beta is about a sixth of the standard net's
in the median; ranges of the loss are alike.
"""

from normscape.figures.landscapes import rows_of_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return rows_of_models(tables, experiment, "loss")
