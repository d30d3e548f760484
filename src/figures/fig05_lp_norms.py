"""Figure 5: L1, L2 and Linf normalisation train as well as BatchNorm.

(a) training accuracy of the VGG, (b) training loss of the deep linear network.
"""

from figures import panels, style

TABLES = ("history", "paper_curves")


def draw(tables, norms):
    history = tables["history"]
    names = norms.choose("none", "batch", "l1", "l2", "linf")
    figure = panels.new(4.4)
    columns = max(history.groupby("model").lr.nunique().max(), 1)
    axes = figure.subplots(2, columns, squeeze=False, sharey="row")
    for row, model in zip(axes, ("vgg", "dln"), strict=True):
        lrs = list(history[history.model == model].lr.unique())
        for ax, lr in zip(row, [*lrs, *[None] * (columns - len(lrs))], strict=True):
            panels.progress(ax, history, model, names, norms, [lr])
            if (model, lr) == ("dln", 1e-6):
                curves = tables["paper_curves"]
                steps = history[history.model == model].step
                panels.paper(ax, curves, model, "train_loss", names, norms, steps)
            if lr is not None:
                ax.set_title(f"{model.upper()}, {style.lr_label(lr)}")
        for ax in row[1:]:
            ax.set_ylabel("")
    panels.legend(figure, names, norms)
    return figure
