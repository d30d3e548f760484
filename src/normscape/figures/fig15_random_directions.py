"""Figure 15: the landscape along random directions.

The quantities of Figures 4 and 10 along random directions, which are as long as the gradient or,
per layer, as its weight. In directions as long as the weights all networks move equally far, and
gradient change is divided by the gradient norm. If BatchNorm smooths the landscape here, too, its
lines are lower (thick: medians over seeds; thin: seeds).

The paper says that it does, without a figure.
"""

from normscape.figures import panels, style, subsets
from normscape.figures.landscapes import (
    BETA,
    CHANGE,
    RELATIVE_CHANGE,
    VARIATION,
    plot_landscape,
)

TABLES = ("landscape_ranges",)

KINDS = (
    ("random", "directions as long as the gradient", (VARIATION, CHANGE, BETA)),
    (
        "relative",
        "directions as long as the weights",
        (VARIATION, RELATIVE_CHANGE, BETA),
    ),
)


def draw(tables, experiment):
    ranges = tables["landscape_ranges"]
    norms = subsets.choose_norms(experiment, "none", "batch")
    models = list(experiment.models.values())
    rows = [(model, kind) for model in models for kind in KINDS]
    figure = panels.new_figure(0.4 + 1.8 * len(rows))
    axes = figure.subplots(len(rows), 3, squeeze=False)
    for row, (model, (direction, length, shown)) in zip(axes, rows, strict=True):
        lr = subsets.choose_lr(ranges, model.name)
        options = {"direction": direction, "shown": shown}
        plot_landscape(row, ranges, model, norms, lr, **options)
        row[0].set_title(f"{style.runs_label(model, lr)}, {length}", loc="left")
    panels.add_legend(figure, norms)
    return figure
