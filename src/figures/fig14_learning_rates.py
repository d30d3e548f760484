"""Figure 14: where training ends at each learning rate.

A wider range of usable learning rates is a line that stays high (VGG) or low (deep linear
network) over more of the axis. A cross at the bottom marks runs that diverged.

The paper says that BatchNorm widens that range, without a figure.
"""

from figures import panels

TABLES = ("runs",)


def draw(tables, norms):
    runs = tables["runs"]
    names = norms.names
    figure = panels.new(2.8)
    axes = figure.subplots(1, 2)
    for ax, model, y, label in (
        (axes[0], "vgg", "final_accuracy", "VGG, final training accuracy"),
        (axes[1], "dln", "final_loss", "DLN, final training loss"),
    ):
        rows = runs[runs.model == model]
        for name in names:
            chosen = rows[rows.norm == name]
            if chosen[y].notna().any():
                panels.curve(ax, chosen, "lr", y, color=norms.colour(name), marker="o")
        panels.mark_diverged(ax, rows, norms)
        if ax.has_data():
            panels.log_x(ax, rows.lr)
            ax.set_xlim(rows.lr.min() / 1.6, rows.lr.max() * 1.6)
        ax.set_xlabel("Learning rate")
        ax.set_ylabel(label)
        panels.note_if_empty(ax)
    if axes[1].lines:
        axes[1].set_yscale("log")
    if axes[0].lines:
        axes[0].set_ylim(0, 1.04)
    panels.legend(figure, names, norms)
    return figure
