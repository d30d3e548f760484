"""Figure 12: the landscape under Lp normalisation, networks that classify.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

In the paper's Figure 12 all norms smooth the landscape.
"""

from normscape.figures.landscapes import blocks_of_models

TABLES = ("history", "landscape_ranges")


def draw(tables, experiment):
    return blocks_of_models(tables, experiment, "accuracy")
