"""Figure 14: where training ends at each learning rate.

A wider range of usable learning rates is a line that stays high (accuracy) or low (loss)
over more of the axis. A cross at the bottom marks runs that diverged.

The paper says that BatchNorm widens that range, without a figure.
"""

from normscape.figures import curves

TABLES = ("runs",)


def draw(tables, experiment):
    runs = tables["runs"]
    norms = list(experiment.norms.values())
    models = list(experiment.models.values())
    figure = curves.new(2.8)
    axes = figure.subplots(1, len(models), squeeze=False)[0]
    for ax, model in zip(axes, models, strict=True):
        y = f"final_{model.metric}"
        rows = runs[runs.model == model.name]
        for norm in norms:
            chosen = rows[rows.norm == norm.name]
            if chosen[y].notna().any():
                curves.curve(ax, chosen, "lr", y, color=norm.colour, marker="o")
        curves.mark_diverged(ax, rows, experiment)
        if ax.has_data():
            curves.log_x(ax, rows.lr)
            ax.set_xlim(rows.lr.min() / 1.6, rows.lr.max() * 1.6)
        ax.set_xlabel("Learning rate")
        ax.set_ylabel(f"{model.label}, final training {model.metric}")
        curves.note_if_empty(ax)
        if ax.lines and model.classifies:
            ax.set_ylim(0, 1.04)
        elif ax.lines:
            ax.set_yscale("log")
    curves.legend(figure, norms)
    return figure
