"""Figure 18: the rank that the deep linear network has learnt.

A panel a learning rate of the first regression: the rank whose best loss is nearest to the
run's. Thick lines are means over seeds, thin ones the seeds, which lie a little apart where
they are equal. A run that rests on a saddle is a level line; two runs on the same one have
the same loss, however fast they came there.

The paper has no such figure; its Figure 5 shows where the losses end.
"""

from matplotlib.ticker import MaxNLocator

from normscape.figures import curves, style

TABLES = ("rank",)

APART = 0.05  # of ranks, so that no line hides another


def draw(tables, experiment):
    model = experiment.first("loss")
    rank = tables["rank"]
    rank = rank[rank.model == (model and model.name)]
    norms = curves.choose(experiment, "none", "batch", "l1", "l2", "linf")
    lrs = list(rank.lr.unique())
    figure = curves.new(2.6)
    axes = figure.subplots(1, max(len(lrs), 1), sharey=True, squeeze=False)[0]
    for ax, lr in zip(axes, lrs, strict=False):
        for number, norm in enumerate(norms):
            rows = rank[(rank.lr == lr) & (rank.norm == norm.name)]
            if rows.empty:
                continue
            shift = APART * (number - (len(norms) - 1) / 2)
            for _, run in rows.groupby("seed"):
                ranks = run.learnt_rank + shift
                ax.plot(run.step, ranks, color=norm.colour, lw=0.5, alpha=0.5)
            mean = rows.groupby("step").learnt_rank.mean()
            line = {"color": norm.colour, "marker": "o"}
            curves.plot(ax, mean.index, mean, rows, **line)
        ax.set_title(style.runs_label(model, lr))
        ax.set_xlabel("Step")
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    for ax in axes:
        curves.note_if_empty(ax)
    axes[0].set_ylabel("Learnt rank")
    curves.legend(figure, norms)
    return figure
