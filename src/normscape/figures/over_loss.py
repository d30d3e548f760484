"""A quantity over the training loss, as claims compare it at the same loss."""

import numpy as np
import pandas as pd

from normscape.claims import same_loss
from normscape.figures import curves, panels, style
from normscape.tables import CELL


def plot_over_loss(ax, steps, losses, norms, *, logarithms: bool) -> None:
    """Plot runs as thin lines, and their mean over the losses that all runs of a norm have.

    Losses fall to the right. Lines of runs that have not learnt are hollow, as in
    ``curves.plot_line``; thin lines at their dots.

    steps : one row per run and step, with its ``value``. losses : those of
    ``same_loss.smoothed_losses``. logarithms : take the geometric mean, and make the axis
    logarithmic.
    """
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
        runs = list(runs_of_norm.values())
        low = max(run.losses[0] for run in runs)
        high = min(run.losses[-1] for run in runs)
        if low <= high:
            levels = np.linspace(low, high, same_loss.LEVELS)
            values = [np.interp(levels, run.losses, run.values) for run in runs]
            mean = shown(np.mean(values, axis=0))
            all_rows = pd.concat([rows[cell] for cell in runs_of_norm])
            curves.plot_line(ax, np.exp(levels), mean, all_rows, color=norm.colour)
    if ax.has_data():
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
