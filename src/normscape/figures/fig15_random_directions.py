"""Figure 15: the landscape along random directions.

Figures 4 and 10 once more, along random directions of the same length as the gradient.
Look at whether the order of the normalisers is the same.

The paper says that it is, without a figure.
"""

from normscape.figures import curves
from normscape.figures.landscapes import landscape

TABLES = ("landscape_ranges",)


def draw(tables, experiment):
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    models = list(experiment.models.values())
    figure = curves.new(2.2 * len(models))
    axes = figure.subplots(len(models), 3, squeeze=False)
    for row, model in zip(axes, models, strict=True):
        landscape(row, tables["landscape_ranges"], model, norms, "random")
        for ax in row:
            ax.set_title(model.label)
    curves.legend(figure, norms)
    return figure
