"""Figure 9: activations of the deep linear network (DLN).

Activations of one unit in layers 1, 11 and 24, with one ridge per checkpoint. The width of the
ridges shows how far activations spread in deeper layers.

The paper's Figure 9 shows the same layers.
"""

from normscape.figures import panels, subsets
from normscape.figures.ridges import plot_ridge_grid

TABLES = ("histograms",)

LAYERS = {"dln": (1, 11, 24)}


def draw(tables, experiment):
    model = experiment.first_model("loss")
    norms = subsets.choose_norms(experiment, "none", "batch")
    figure = panels.new_figure(5.0)
    layers = subsets.choose_layers(tables["histograms"], model, LAYERS)
    plot_ridge_grid(figure, tables["histograms"], model, layers, norms)
    return figure
