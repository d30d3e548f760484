"""Figure 9: activations of the deep linear network, layers 1, 11 and 24."""

from figures import panels

TABLES = ("histograms",)


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(5.0)
    panels.ridge_grid(figure, tables["histograms"], "dln", (1, 11, 24), names, norms)
    return figure
