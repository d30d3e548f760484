"""Figure 4: the landscape along the gradient, networks that classify.

By learning rate: (a) range of the loss, (b) largest change of the gradient, (c) effective
beta times the learning rate, over the step sizes, at checkpoints during training. Thick
lines are medians over seeds, thin ones the seeds. A smoother landscape has lower lines.
Axes are logarithmic: what claims are about, ratios, are distances. Dotted: the paper's own
curves, where ours have at least a fifth of their steps.

In the paper's Figure 4 the median change of the gradient is about twice as large without
BatchNorm, with spikes far above, and the median effective beta is 20, or 2 / learning rate,
for both.
"""

from normscape.figures.landscapes import rows_of_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return rows_of_models(tables, experiment, "accuracy")
