"""Figure 4: the landscape along the gradient, classifiers.

Per learning rate, at checkpoints during training: (a) loss variation along the gradient, (b)
gradient change, (c) effective β-smoothness times the learning rate. Each is the range or
maximum over the step sizes tried; smoother landscapes have lower lines. Thick lines are
medians over seeds, thin lines are seeds. Axes are logarithmic, so equal ratios are equal
distances. The paper's own curves are dotted where our runs have at least 20% of its steps.

In the paper's Figure 4 the median gradient change is about twice as large without BatchNorm,
with spikes far above. The median effective β-smoothness is 20, or 2 / learning rate, for
both networks.
"""

from normscape.figures.landscapes import draw_models

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, experiment):
    return draw_models(tables, experiment, "accuracy")
