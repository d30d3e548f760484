"""Figure 13: the landscape under Lp normalisation, deep linear network and other regressions.

A row a normaliser, with the standard net in grey: training, and along the gradient the
range of the loss, the largest change of the gradient, and effective beta times the learning
rate. Of the landscape, thick lines are medians over seeds and thin ones the seeds. Look at
whether the Lp norms' lines lie where BatchNorm's do.

The paper's Figure 13 shows the same quantities.
"""

from normscape.figures.landscapes import blocks_of_models

TABLES = ("history", "landscape_ranges")

CLAIMS_OF = ("fig10_dln_landscape",)


def draw(tables, experiment):
    return blocks_of_models(tables, experiment, "loss")
