"""Figure 18: the rank that the deep linear network (DLN) has learnt.

One panel per learning rate of the first regression. The learnt rank is the rank whose best possible
loss is nearest to the run's; a level line is a run at a saddle point. Thick lines are means over
seeds; thin lines are seeds, drawn slightly apart.

The paper has no such figure; its Figure 5 shows the final losses.
"""

from matplotlib.ticker import MaxNLocator

from normscape.figures import curves, panels, style, subsets

TABLES = ("rank",)

SPACING = 0.05  # of ranks, so that no line hides another


def draw(tables, experiment):
    model = experiment.first_model("loss")
    rank = tables["rank"]
    rank = rank[rank.model == (model and model.name)]
    norms = subsets.choose_norms(experiment, "none", "batch", "l1", "l2", "linf")
    lrs = list(rank.lr.unique())
    figure = panels.new_figure(2.6)
    axes = figure.subplots(1, max(len(lrs), 1), sharey=True, squeeze=False)[0]
    for ax, lr in zip(axes, lrs, strict=False):
        for number, norm in enumerate(norms):
            rows = rank[(rank.lr == lr) & (rank.norm == norm.name)]
            if rows.empty:
                continue
            shift = SPACING * (number - (len(norms) - 1) / 2)
            for _, run in rows.groupby("seed"):
                ranks = run.learnt_rank + shift
                ax.plot(run.step, ranks, color=norm.colour, lw=0.5, alpha=0.5)
            mean = rows.groupby("step").learnt_rank.mean()
            line = {"color": norm.colour, "marker": "o"}
            curves.plot_line(ax, mean.index, mean, rows, **line)
        ax.set_title(style.runs_label(model, lr))
        ax.set_xlabel("Step")
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    for ax in axes:
        panels.note_if_empty(ax)
    axes[0].set_ylabel("Learnt rank")
    panels.add_legend(figure, norms)
    return figure
