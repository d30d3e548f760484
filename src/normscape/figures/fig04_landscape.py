"""Figure 4: the landscape along the gradient, networks that classify.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes, at checkpoints during training. A smoother landscape has narrower bands
and a smaller effective beta.

In the paper's Figure 4 the median change of the gradient is about twice as large without
BatchNorm, with spikes far above, and the median effective beta is 20 for both.
"""

from normscape.figures.landscapes import rows_of_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return rows_of_models(tables, experiment, "accuracy")
