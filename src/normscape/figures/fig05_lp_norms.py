"""Figure 5: training with L1, L2 and L∞ normalisation.

Per network and learning rate (the first two of the config): training accuracy of classifiers (mean
and range over seeds), and training loss of regressions such as the deep linear network (DLN; median
and seeds). If Lp normalisation helps as much as BatchNorm, its curves are near BatchNorm's. The
paper's own curves are dotted where our runs have at least 20% of its steps.

In the paper's Figure 5 every normalised VGG trains faster than the one without normalisation.
Its deep linear networks end at losses of 1661 (without normalisation), 480 (BatchNorm), 97
(L1), 482 (L2) and 986 (L∞).
"""

import itertools

from normscape.claims import paper_curves
from normscape.figures import curves, panels, style, subsets

TABLES = ("history", "paper_curves")


def draw(tables, experiment):
    history = tables["history"]
    paper = paper_curves.tables(tables["paper_curves"])["history"]
    norms = subsets.choose_norms(experiment, "none", "batch", "l1", "l2", "linf")
    models = list(experiment.models.values())
    histories = [history[history.model == model.name] for model in models]
    lrs = [subsets.choose_lrs(rows) for rows in histories]
    columns = max(1, *map(len, lrs))
    figure = panels.new_figure(2.2 * len(models))
    axes = figure.subplots(len(models), columns, squeeze=False, sharey="row")
    for axes_row, model, rows, model_lrs in zip(
        axes, models, histories, lrs, strict=True
    ):
        for ax, lr in itertools.zip_longest(axes_row, model_lrs):
            curves.plot_progress(ax, history, model, norms, [lr])
            paper_rows = paper[(paper.model == model.architecture) & (paper.lr == lr)]
            curves.plot_paper_curves(ax, paper_rows, "loss", norms, rows.step)
            if lr is not None:
                ax.set_title(style.runs_label(model, lr))
        for ax in axes_row[1:]:
            ax.set_ylabel("")
    panels.add_legend(figure, norms)
    return figure
