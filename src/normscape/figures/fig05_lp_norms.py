"""Figure 5: training with L1, L2 and Linf normalisation.

A row a network, a panel a learning rate: training accuracy, or loss of a regression such as
the deep linear network's. Look at whether their curves lie with BatchNorm's or with the
standard net's.

In the paper's Figure 5 all normalised VGGs train faster than the standard one; the deep
linear networks end at losses of 1661 (standard), 480 (BatchNorm), 97 (L1), 482 (L2) and
986 (Linf).
"""

from normscape.figures import curves, style

TABLES = ("history", "paper_curves")


def draw(tables, experiment):
    history, of_paper = tables["history"], tables["paper_curves"]
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    models = list(experiment.models.values())
    figure = curves.new(2.2 * len(models))
    columns = max(history.groupby("model").lr.nunique().max(), 1)
    axes = figure.subplots(len(models), columns, squeeze=False, sharey="row")
    for row, model in zip(axes, models, strict=True):
        rows = history[history.model == model.name]
        lrs = list(rows.lr.unique())
        for ax, lr in zip(row, [*lrs, *[None] * (columns - len(lrs))], strict=True):
            curves.progress(ax, history, model, norms, [lr])
            curves.paper(ax, of_paper, model, "train_loss", lr, norms, rows.step)
            if lr is not None:
                ax.set_title(f"{model.label}, {style.lr_label(lr)}")
        for ax in row[1:]:
            ax.set_ylabel("")
    curves.legend(figure, norms)
    return figure
