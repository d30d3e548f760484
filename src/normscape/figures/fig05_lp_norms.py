"""Figure 5: training with L1, L2 and Linf normalisation.

A row a network, a panel a learning rate, the first two of the config: training accuracy
(mean, and range over seeds), or loss of a regression such as the deep linear network's
(median, and thin lines for the seeds). Look at whether their curves lie with BatchNorm's or
with the standard net's. Dotted: the paper's own curves, where ours have at least a fifth of
their steps.

In the paper's Figure 5 all normalised VGGs train faster than the standard one; the deep
linear networks end at losses of 1661 (standard), 480 (BatchNorm), 97 (L1), 482 (L2) and
986 (Linf).
"""

from normscape.claims.paper import tables as of_paper
from normscape.figures import curves, style

TABLES = ("history", "paper_curves")


def draw(tables, experiment):
    history = tables["history"]
    papers = of_paper(tables["paper_curves"])["history"]
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    models = list(experiment.models.values())
    shown = [curves.rates(history[history.model == model.name]) for model in models]
    columns = max(1, *map(len, shown))
    figure = curves.new(2.2 * len(models))
    axes = figure.subplots(len(models), columns, squeeze=False, sharey="row")
    for row, model, lrs in zip(axes, models, shown, strict=True):
        theirs = papers[papers.model == model.architecture]
        steps = history.step[history.model == model.name]
        for ax, lr in zip(row, [*lrs, *[None] * (columns - len(lrs))], strict=True):
            curves.progress(ax, history, model, norms, [lr])
            curves.paper(ax, theirs[theirs.lr == lr], "loss", norms, steps)
            if lr is not None:
                ax.set_title(style.runs_label(model, lr))
        for ax in row[1:]:
            ax.set_ylabel("")
    curves.legend(figure, norms)
    return figure
