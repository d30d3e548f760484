"""Figure 4: the landscape along the gradient, classifiers.

Along the gradient at checkpoints, per learning rate: (a) loss variation, (b) gradient change, (c)
effective β-smoothness times the learning rate, over the step sizes tried. Smoother landscapes have
lower lines; thick lines are medians over seeds, thin lines are seeds. The paper's own curves are
dotted where our runs have at least 20% of its steps.

In the paper's Figure 4 the median gradient change is about twice as large without BatchNorm,
with spikes far above. The median effective β-smoothness is 20, or 2 / learning rate, for
both networks.
"""

from normscape.figures.landscapes import draw_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return draw_models(tables, experiment, "accuracy")
