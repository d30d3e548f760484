"""Figure 14: the end of training at each learning rate.

One mark per seed; lines are medians over seeds, for normalisers with at least three learning rates.
A wider range of usable learning rates keeps the line high (accuracy) or low (loss) over more of the
axis. A cross at the edge is a run that diverged; it counts as accuracy 0 or as infinite loss.

The paper says that BatchNorm widens this range, without a figure.
"""

import numpy as np

from normscape.figures import curves, panels

TABLES = ("runs",)

# With fewer learning rates, a line would suggest values between them.
MIN_LRS_OF_LINE = 3
# Marks of normalisers at the same learning rate stand apart by this factor.
SPACING = 1.06


def draw(tables, experiment):
    runs = tables["runs"]
    models = list(experiment.models.values())
    figure = panels.new_figure(2.8)
    axes = figure.subplots(1, len(models), squeeze=False)[0]
    for ax, model in zip(axes, models, strict=True):
        ends = _final_values(runs[runs.model == model.name], model)
        ends = _spread_marks(ends, list(experiment.norms))
        for norm in experiment.norms.values():
            rows = ends[ends.norm == norm.name]
            if len(rows):
                _plot_norm(ax, rows, norm.colour, 0 if model.classifies else 1)
        ax.set_xlabel("Learning rate")
        ax.set_ylabel(f"{model.label}, final training {model.metric}")
        panels.note_if_empty(ax)
        if not ax.lines:
            continue
        panels.set_log_x(ax, ends.lr, share=len(models) / 12)
        ax.set_xlim(ends.lr.min() / 1.6, ends.lr.max() * 1.6)
        if model.classifies:
            ax.set_ylim(0, 1.04)
        else:
            panels.set_log_y(ax)
    panels.add_legend(figure, experiment.norms.values())
    return figure


def _final_values(runs, model):
    """Add the column ``end``: the final value, the worst possible where a run diverged."""
    diverged = runs.diverged_at.notna()
    worst = 0.0 if model.classifies else np.inf
    end = runs[f"final_{model.metric}"].mask(diverged, worst)
    return runs.assign(end=end, diverged=diverged)


def _spread_marks(ends, norms):
    """Add the column ``x``, where the marks of normalisers at one rate stand side by side."""
    order = ends.norm.map(norms.index)
    position = order.groupby(ends.lr).rank("dense")
    middle = position.groupby(ends.lr).transform("max").add(1) / 2
    return ends.assign(x=ends.lr * SPACING ** (position - middle))


def _plot_norm(ax, ends, colour, edge):
    """edge : of the axis where the worst value is, 0 for the bottom and 1 for the top."""
    finished, diverged = ends[~ends.diverged], ends[ends.diverged]
    mark = {"color": colour, "linestyle": "", "alpha": 0.6}
    ax.plot(finished.x, finished.end, "o", markeredgewidth=0, **mark)
    for outcome in curves.failed_outcomes(finished):
        rows = finished[finished.outcome == outcome]
        hollow = {"markerfacecolor": "white", "alpha": 1, "gid": outcome}
        ax.plot(rows.x, rows.end, "o", **mark | hollow)
    if ends.lr.nunique() >= MIN_LRS_OF_LINE:
        median = ends.groupby("lr").end.median().replace(np.inf, np.nan)
        ax.plot(median.index, median, color=colour)
    if len(diverged):
        at_edge = {"transform": ax.get_xaxis_transform(), "clip_on": False}
        cross = {"color": colour, "markersize": 5}
        ax.plot(diverged.x, np.full(len(diverged), edge), "x", **cross, **at_edge)
