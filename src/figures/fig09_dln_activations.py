"""Figure 9: activations of the deep linear network.

One unit of layers 1, 11 and 24, a ridge a checkpoint. Look at how far the ridges spread
in deeper layers.

The paper's Figure 9 shows the same layers.
"""

from figures import panels

TABLES = ("histograms",)


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(5.0)
    panels.ridge_grid(figure, tables["histograms"], "dln", (1, 11, 24), names, norms)
    return figure
