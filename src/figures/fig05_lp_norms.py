"""Figure 5: L1, L2 and Linf normalisation train as well as BatchNorm.

(a) training accuracy of the VGG, (b) training loss of the deep linear network.
"""

from figures import panels, style

TABLES = ("history",)


def draw(tables, norms):
    history = tables["history"]
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(4.4)
    columns = max(history.groupby("model").lr.nunique().max(), 1)
    axes = figure.subplots(2, columns, squeeze=False, sharey="row")
    for row, model, y, smooth in (
        (axes[0], "vgg", "accuracy", 10),
        (axes[1], "dln", "loss", 1),
    ):
        rows = history[history.model == model]
        lrs = list(rows.lr.unique())
        for ax, lr in zip(row, [*lrs, *[None] * (columns - len(lrs))], strict=True):
            panels.training(ax, rows, names, norms, y, smooth, [lr])
            if lr is not None:
                ax.set_title(f"{model.upper()}, {style.lr_label(lr)}")
    axes[0][0].set_ylabel("Training accuracy\n(moving average of 10 steps)")
    axes[1][0].set_ylabel("Training loss (summed squares)")
    if axes[1][0].lines:
        axes[1][0].set_yscale("log")
    panels.legend(figure, names, norms)
    return figure
