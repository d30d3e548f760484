"""Figure 15: the landscape along random directions.

Figures 4 and 10 once more, along random directions: of the length of the gradient, which
differs between networks, and in each layer of the length of its weight, so that all
networks move equally far; there, the change of the gradient is shown over its norm. Thick
lines are medians over seeds, thin ones the seeds. Look at whether BatchNorm lies below the
standard net, as along the gradient.

The paper says that it does, without a figure.
"""

from normscape.figures import curves, style
from normscape.figures.landscapes import BETA, CHANGE, RANGE, RELATIVE_CHANGE, landscape

TABLES = ("landscape_ranges",)

KINDS = (
    ("random", "directions as long as the gradient", (RANGE, CHANGE, BETA)),
    ("relative", "directions as long as the weights", (RANGE, RELATIVE_CHANGE, BETA)),
)


def draw(tables, experiment):
    ranges = tables["landscape_ranges"]
    norms = curves.choose(experiment, "none", "batch")
    models = list(experiment.models.values())
    rows = [(model, kind) for model in models for kind in KINDS]
    figure = curves.new(0.4 + 1.8 * len(rows))
    axes = figure.subplots(len(rows), 3, squeeze=False)
    for row, (model, (direction, length, quantities)) in zip(axes, rows, strict=True):
        lr = curves.probed_lr(ranges, model.name)
        options = {"direction": direction, "quantities": quantities}
        landscape(row, ranges, model, norms, lr, **options)
        row[0].set_title(f"{style.runs_label(model, lr)}, {length}", loc="left")
    curves.legend(figure, norms)
    return figure
