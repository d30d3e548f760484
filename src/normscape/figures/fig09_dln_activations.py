"""Figure 9: activations of the deep linear network.

One unit of layers 1, 11 and 24, a ridge a checkpoint. Look at how far the ridges spread
in deeper layers.

The paper's Figure 9 shows the same layers.
"""

from normscape.figures import curves
from normscape.figures.ridges import ridge_grid

TABLES = ("histograms",)

LAYERS = {"dln": (1, 11, 24)}


def draw(tables, experiment):
    model = experiment.first("loss")
    norms = curves.choose(experiment, "none", "batch")
    figure = curves.new(5.0)
    layers = curves.layers(tables["histograms"], model, LAYERS)
    ridge_grid(figure, tables["histograms"], model, layers, norms)
    return figure
