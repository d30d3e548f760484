"""Figure 12: the landscape under Lp normalisation, VGG.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

In the paper's Figure 12 all norms smooth the landscape.
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
