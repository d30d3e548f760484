"""Figure 10: Figure 4 for the deep linear network."""

from figures import panels

TABLES = ("landscape_ranges",)


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(2.4)
    axes = figure.subplots(1, 3)
    panels.landscape(axes, tables["landscape_ranges"], "dln", names, norms)
    panels.legend(figure, names, norms)
    return figure
