"""Figure 13: the landscape under Lp normalisation, deep linear network and other regressions.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

The paper's Figure 13 shows the same quantities.
"""

from normscape.figures.landscapes import blocks_of_models

TABLES = ("history", "landscape_ranges")

CLAIMS_OF = "fig05_lp_norms"


def draw(tables, experiment):
    return blocks_of_models(tables, experiment, "loss")
