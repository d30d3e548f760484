"""Figure 12: Lp normalisation smooths the landscape too (VGG).

Training curve, range of the loss, range of the gradient change, effective beta.
"""

from figures import panels

TABLES = ("history", "landscape_ranges")


def draw(tables, norms):
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(4.6)
    axes = figure.subplots(2, 2).ravel()
    panels.lp_landscape(axes, tables, "vgg", names, norms)
    panels.legend(figure, names, norms)
    return figure
