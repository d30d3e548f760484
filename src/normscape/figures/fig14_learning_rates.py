"""Figure 14: where training ends at each learning rate.

A mark a seed; the line is their median, of normalisers that are trained at three learning
rates or more. A wider range of usable learning rates is a line that stays high (accuracy)
or low (loss) over more of the axis. A cross at the edge is a run that diverged; it counts
as accuracy 0 or as an infinite loss.

The paper says that BatchNorm widens that range, without a figure.
"""

import numpy as np

from normscape.figures import curves

TABLES = ("runs",)

# A line over fewer rates would claim what lies between them.
RATES_OF_A_LINE = 3
# Marks of two normalisers at one rate lie side by side: a factor of the rate.
ASIDE = 1.06


def draw(tables, experiment):
    runs = tables["runs"]
    models = list(experiment.models.values())
    figure = curves.new(2.8)
    axes = figure.subplots(1, len(models), squeeze=False)[0]
    for ax, model in zip(axes, models, strict=True):
        ends = _ends(runs[runs.model == model.name], model)
        ends = _side_by_side(ends, list(experiment.norms))
        for norm in experiment.norms.values():
            rows = ends[ends.norm == norm.name]
            if len(rows):
                _draw_norm(ax, rows, norm.colour, 0 if model.classifies else 1)
        ax.set_xlabel("Learning rate")
        ax.set_ylabel(f"{model.label}, final training {model.metric}")
        curves.note_if_empty(ax)
        if not ax.lines:
            continue
        curves.log_x(ax, ends.lr, share=len(models) / 12)
        ax.set_xlim(ends.lr.min() / 1.6, ends.lr.max() * 1.6)
        if model.classifies:
            ax.set_ylim(0, 1.04)
        else:
            curves.log_y(ax)
    curves.legend(figure, experiment.norms.values())
    return figure


def _ends(runs, model):
    """Where runs end, the worst possible for those that diverged."""
    diverged = runs.diverged_at.notna()
    worst = 0.0 if model.classifies else np.inf
    end = runs[f"final_{model.metric}"].mask(diverged, worst)
    return runs.assign(end=end, diverged=diverged)


def _side_by_side(ends, norms):
    """With the place ``x`` of each norm's marks beside those of others at its rate."""
    order = ends.norm.map(norms.index)
    place = order.groupby(ends.lr).rank("dense")
    middle = place.groupby(ends.lr).transform("max").add(1) / 2
    return ends.assign(x=ends.lr * ASIDE ** (place - middle))


def _draw_norm(ax, ends, colour, edge):
    """edge : where the axis has the worst value, 0 for its bottom and 1 for its top."""
    done, diverged = ends[~ends.diverged], ends[ends.diverged]
    mark = {"color": colour, "linestyle": "", "alpha": 0.6}
    ax.plot(done.x, done.end, "o", markeredgewidth=0, **mark)
    for outcome in curves.outcomes(done):
        rows = done[done.outcome == outcome]
        hollow = {"markerfacecolor": "white", "alpha": 1, "gid": outcome}
        ax.plot(rows.x, rows.end, "o", **mark | hollow)
    if ends.lr.nunique() >= RATES_OF_A_LINE:
        middle = ends.groupby("lr").end.median().replace(np.inf, np.nan)
        ax.plot(middle.index, middle, color=colour)
    if len(diverged):
        ax.plot(
            *(diverged.x, np.full(len(diverged), edge), "x"),
            color=colour,
            markersize=5,
            clip_on=False,
            transform=ax.get_xaxis_transform(),
        )
