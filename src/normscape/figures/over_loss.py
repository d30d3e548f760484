"""A quantity over the training loss, as claims compare it at the same loss."""

import numpy as np
import pandas as pd

from normscape.claims import same_loss
from normscape.figures import curves, panels, style
from normscape.tables import CELL


def plot_over_loss(
    ax, steps, losses, norms, constant_losses, *, logarithms: bool
) -> None:
    """Plot runs as thin lines, and means over runs at the levels at which claims compare them.

    Losses fall to the right. Lines of runs that have not learnt are hollow, as in
    ``curves.plot_line``; thin lines at their dots.

    steps : one row per run and step of a model, with its ``value``. losses : those of
    ``same_loss.smoothed_losses``. constant_losses : the table. logarithms : take the
    geometric mean, and make the axis logarithmic.
    """
    constant = constant_losses.set_index("model").loss
    constant = constant[constant.index.isin(steps.model.unique())].to_dict()
    rows = dict(list(steps.groupby(CELL)))
    values = steps.set_index([*CELL, "step"]).value
    courses = same_loss.courses(values, losses, logarithms)
    shown = np.exp if logarithms else np.asarray
    for norm in norms:
        runs_of_norm = {
            cell: run
            for cell, run in courses.items()
            if cell[1] == norm.name and len(run.losses)
        }
        if not runs_of_norm:
            continue
        for cell, run in runs_of_norm.items():
            line = {"color": norm.colour, "marker": ".", "markersize": 2} | style.SEED
            for outcome in curves.failed_outcomes(rows[cell]):
                line |= {"marker": "o", "markersize": 3, "markerfacecolor": "white"}
                line["gid"] = outcome
            ax.plot(np.exp(run.losses), shown(run.values), **line)
        at_levels = same_loss.values_at_levels(runs_of_norm, constant)
        reached = at_levels.notna().sum() >= max(len(at_levels) - 1, 1)
        means = at_levels.mean().loc[reached]
        if len(means):
            all_rows = pd.concat([rows[cell] for cell in runs_of_norm])
            model = all_rows.model.iloc[0]
            curves.plot_line(
                *(ax, means.index * constant[model], shown(means), all_rows),
                color=norm.colour,
                marker=".",
            )
    if ax.has_data():
        for level in np.outer(list(constant.values()), same_loss.LEVELS).ravel():
            ax.axvline(level, color="#CCCCCC", linewidth=0.5, zorder=0.5, gid="level")
        low, high = ax.dataLim.intervalx
        ticks = np.outer(10.0 ** np.arange(-9, 10), (1, 2, 5)).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        # Losses of a regression have many digits; the axis has room for 16.
        longest = max((len(f"{tick:g}") for tick in ticks), default=0)
        panels.set_log_x(ax, ticks, share=longest / 16)
        ax.invert_xaxis()
        if logarithms:
            panels.set_log_y(ax)
    ax.set_xlabel("Training loss")
    panels.note_if_empty(ax)
