"""Figure 10: the landscape along the gradient, deep linear network and other regressions.

By learning rate: (a) range of the loss, (b) largest change of the gradient, (c) effective
beta times the learning rate, over the step sizes, at checkpoints during training. Thick
lines are medians over seeds, thin ones the seeds. A smoother landscape has lower lines.
Axes are logarithmic: what claims are about, ratios, are distances. Dotted: the paper's own
curves, where ours have at least a fifth of their steps.

In the paper's Figure 10, at 1e-6, BatchNorm's effective beta is 2 / learning rate in the
median, about half of the standard net's; ranges of the loss are alike in the median, and
the standard net's largest are hundreds of times as large.
"""

from normscape.figures.landscapes import rows_of_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return rows_of_models(tables, experiment, "loss")
