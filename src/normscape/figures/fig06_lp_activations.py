"""Figure 6: the distributions that Lp normalisation leaves.

Activations of one unit of the first network that classifies, for VGG-16 in layer 11, a ridge
a checkpoint. Look at whether the ridges stay in place and
keep their width.

In the paper's Figure 6 Lp normalisation moves them more than no normalisation does,
although it trains as well as BatchNorm.
"""

from normscape.figures import curves
from normscape.figures.ridges import ridge_grid

TABLES = ("histograms",)

LAYERS = {"vgg": (11,)}


def draw(tables, experiment):
    model = experiment.first("accuracy")
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    layers = curves.layers(tables["histograms"], model, LAYERS)
    figure = curves.new(2.6 * len(layers))
    ridge_grid(figure, tables["histograms"], model, layers, norms)
    return figure
