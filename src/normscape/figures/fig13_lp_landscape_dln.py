"""Figure 13: the landscape under Lp normalisation, deep linear network (DLN) and other regressions.

One row per normaliser, with the network without normalisation in grey: training, then along the
gradient the loss variation, the gradient change and the effective β-smoothness times the learning
rate. In panels of the landscape thick lines are medians over seeds, thin lines are seeds. If Lp
normalisation smooths as BatchNorm does, its lines are near BatchNorm's.

The paper's Figure 13 shows the same quantities.
"""

from normscape.figures.landscapes import draw_models_by_norm

TABLES = ("history", "landscape_ranges")

CLAIMS_OF = ("fig10_dln_landscape",)


def draw(tables, experiment):
    return draw_models_by_norm(tables, experiment, "loss")
