"""Figure 12: the landscape under Lp normalisation, classifiers.

One row per normaliser, with the network without normalisation in grey: training, then along the
gradient the loss variation, the gradient change and the effective β-smoothness times the learning
rate. In panels of the landscape thick lines are medians over seeds, thin lines are seeds. If Lp
normalisation smooths as BatchNorm does, its lines are near BatchNorm's.

In the paper's Figure 12 every normaliser smooths the landscape.
"""

from normscape.figures.landscapes import draw_models_by_norm

TABLES = ("history", "landscape_ranges")


def draw(tables, experiment):
    return draw_models_by_norm(tables, experiment, "accuracy")
