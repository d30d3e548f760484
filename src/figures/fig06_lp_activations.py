"""Figure 6: the distributions that Lp normalisation leaves (VGG, layer 11)."""

from figures import panels

TABLES = ("histograms",)


def draw(tables, norms):
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(2.6)
    panels.ridge_grid(figure, tables["histograms"], "vgg", (11,), names, norms)
    return figure
