"""Figure 6: the distributions that Lp normalisation leaves, VGG, layer 11.

Activations of one unit, a ridge a checkpoint. Look at whether the ridges stay in place and
keep their width.

In the paper's Figure 6 Lp normalisation moves them more than no normalisation does,
although it trains as well as BatchNorm.
"""

from figures import panels

TABLES = ("histograms",)


def draw(tables, norms):
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(2.6)
    panels.ridge_grid(figure, tables["histograms"], "vgg", (11,), names, norms)
    return figure
