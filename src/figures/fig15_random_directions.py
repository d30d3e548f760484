"""Figure 15, not in the paper: the landscape along random directions.

The paper says that they tell the same as the gradient's direction.
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
