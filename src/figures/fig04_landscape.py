"""Figure 4: along the gradient, BatchNorm's landscape is smoother (VGG).

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta.
"""

from figures import panels

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(2.4)
    axes = figure.subplots(1, 3)
    ranges, curves = tables["landscape_ranges"], tables["paper_curves"]
    panels.landscape(axes, ranges, "vgg", names, norms, curves=curves)
    panels.legend(figure, names, norms)
    return figure
