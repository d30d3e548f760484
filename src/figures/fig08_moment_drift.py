"""Figure 8: how mean and variance of activations move, VGG.

One unit of layers 2, 9 and 13: absolute change since the checkpoint before, and since the
first one. Stable distributions would lie low.

In the paper's Figure 8 noisy BatchNorm's moments move more than the standard net's.
"""

from figures import panels

TABLES = ("moment_drift",)

COLUMNS = {
    "mean_change": "|Change of mean|\nsince last checkpoint",
    "variance_change": "|Change of variance|\nsince last checkpoint",
    "mean_drift": "|Change of mean|\nsince the start",
    "variance_drift": "|Change of variance|\nsince the start",
}


def draw(tables, norms):
    drift = tables["moment_drift"]
    names = norms.choose("none", "batch", "noisy_batch")
    rows = drift[
        (drift.model == "vgg")
        & (drift.scope == "unit")
        & (drift.lr == panels.probed_lr(drift, "vgg"))
    ]
    layers = (2, 9, 13)
    figure = panels.new(5.2)
    axes = figure.subplots(len(layers), len(COLUMNS), sharex=True)
    for axes_row, layer in zip(axes, layers, strict=True):
        for ax, (column, label) in zip(axes_row, COLUMNS.items(), strict=True):
            for name in names:
                seeds = rows[(rows.layer == layer) & (rows.norm == name)]
                seeds = seeds[seeds[column] > 0]
                if len(seeds):
                    panels.curve(
                        ax, seeds, "step", column, color=norms.colour(name), marker="o"
                    )
            if ax.has_data():
                ax.set_yscale("log")
                panels.log_x(ax, rows.step[rows.step > 0])
            panels.note_if_empty(ax)
            ax.set_title(f"Layer {layer}")
            ax.set_ylabel(label)
    for ax in axes[-1]:
        ax.set_xlabel("Step")
    panels.legend(figure, names, norms)
    return figure
