"""Figure 13: the landscape under Lp normalisation, deep linear network.

Training curve, range of the loss, range of the change of the gradient, effective beta.
Look at whether the Lp norms' bands are as narrow as BatchNorm's.

The paper's Figure 13 shows the same quantities.
"""

from figures import panels

TABLES = ("history", "landscape_ranges")


def draw(tables, norms):
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(4.6)
    axes = figure.subplots(2, 2).ravel()
    panels.lp_landscape(axes, tables, "dln", names, norms)
    panels.legend(figure, names, norms)
    return figure
