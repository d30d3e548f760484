"""Figure 5: training with L1, L2 and Linf normalisation.

(a) training accuracy of the VGG, (b) training loss of the deep linear network. Look at
whether their curves lie with BatchNorm's or with the standard net's.

In the paper's Figure 5 all normalised VGGs train faster than the standard one; the deep
linear networks end at losses of 1661 (standard), 480 (BatchNorm), 97 (L1), 482 (L2) and
986 (Linf).
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
