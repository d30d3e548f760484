"""Figure 10: the landscape along the gradient, deep linear network (DLN) and other regressions.

Along the gradient at checkpoints, per learning rate: (a) loss variation, (b) gradient change, (c)
effective β-smoothness times the learning rate, over the step sizes tried. Smoother landscapes have
lower lines; thick lines are medians over seeds, thin lines are seeds. The paper's own curves are
dotted where our runs have at least 20% of its steps.

In the paper's Figure 10, at 1e-6, BatchNorm's median effective β-smoothness is 2 / learning
rate, about half of that without normalisation. Median loss variation is alike. The largest
loss variation without normalisation is hundreds of times BatchNorm's.
"""

from normscape.figures.landscapes import draw_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return draw_models(tables, experiment, "loss")
