"""Figure 15: the landscape along random directions.

Figures 4 and 10 once more, along random directions of the same length as the gradient.
Look at whether the order of the normalisers is the same.

The paper says that it is, without a figure.
"""

from figures import panels

TABLES = ("landscape_ranges",)


def draw(tables, norms):
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(4.4)
    top, bottom = figure.subplots(2, 3)
    ranges = tables["landscape_ranges"]
    for row, model in ((top, "vgg"), (bottom, "dln")):
        panels.landscape(row, ranges, model, names, norms, "random")
        for ax in row:
            ax.set_title(model.upper())
    panels.legend(figure, names, norms)
    return figure
