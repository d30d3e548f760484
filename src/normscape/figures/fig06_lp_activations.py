"""Figure 6: distributions of activations under Lp normalisation.

Activations of one unit of the first classifier, for VGG-16 in layer 11, with one ridge per
checkpoint. Stable distributions keep their position and width.

In the paper's Figure 6 distributions move more with Lp normalisation than without any,
although Lp normalisation trains as well as BatchNorm.
"""

from normscape.figures import panels, subsets
from normscape.figures.ridges import plot_ridge_grid

TABLES = ("histograms",)

LAYERS = {"vgg": (11,)}


def draw(tables, experiment):
    model = experiment.first_model("accuracy")
    norms = subsets.choose_norms(experiment, "none", "batch", "l1", "l2", "linf")
    layers = subsets.choose_layers(tables["histograms"], model, LAYERS)
    figure = panels.new_figure(2.6 * len(layers))
    plot_ridge_grid(figure, tables["histograms"], model, layers, norms)
    return figure
