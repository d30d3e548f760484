"""Figure 12: the landscape under Lp normalisation, networks that classify.

A row a normaliser, with the standard net in grey: training, and along the gradient the
range of the loss, the largest change of the gradient, and effective beta times the learning
rate. Of the landscape, thick lines are medians over seeds and thin ones the seeds. Look at
whether the Lp norms' lines lie where BatchNorm's do.

In the paper's Figure 12 all norms smooth the landscape.
"""

from normscape.figures.landscapes import blocks_of_models

TABLES = ("history", "landscape_ranges")


def draw(tables, experiment):
    return blocks_of_models(tables, experiment, "accuracy")
