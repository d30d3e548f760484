"""Figure 10: the landscape along the gradient, deep linear network.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes; all axes are logarithmic. A smoother landscape has narrower bands and a
smaller effective beta.

In the paper's Figure 10 BatchNorm's effective beta is about a sixth of the standard net's
in the median; ranges of the loss are alike.
"""

from figures import panels

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(2.4)
    axes = figure.subplots(1, 3)
    ranges, curves = tables["landscape_ranges"], tables["paper_curves"]
    panels.landscape(axes, ranges, "dln", names, norms, curves=curves)
    panels.legend(figure, names, norms)
    return figure
