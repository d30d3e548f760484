"""A quantity over the training loss, as claims compare it at the same loss."""

import numpy as np
import pandas as pd

from normscape.claims import same_loss
from normscape.figures import curves, panels, style
from normscape.tables import CELL


def over_loss(ax, steps, losses, norms, *, logarithms: bool) -> None:
    """Thin lines for the runs, and a thick one over the losses that all of a norm's runs have.

    Both are hollow as ``curves.plot_line`` says, thin lines at their dots.

    steps : a row for each run and step, with its ``value``. losses : as
    ``same_loss.smoothed_losses`` gives them. logarithms : whether the thick line is the
    geometric mean, on a logarithmic axis, and not the mean. Losses fall to the right.
    """
    rows = dict(list(steps.groupby(CELL)))
    values = steps.set_index([*CELL, "step"]).value
    courses = same_loss.courses(values, losses, logarithms)
    shown = np.exp if logarithms else np.asarray
    for norm in norms:
        of_norm = {
            cell: run
            for cell, run in courses.items()
            if cell[1] == norm.name and len(run.losses)
        }
        if not of_norm:
            continue
        for cell, run in of_norm.items():
            line = {"color": norm.colour, "marker": ".", "markersize": 2} | style.SEED
            for outcome in curves.failed_outcomes(rows[cell]):
                line |= {"marker": "o", "markersize": 3, "markerfacecolor": "white"}
                line["gid"] = outcome
            ax.plot(np.exp(run.losses), shown(run.values), **line)
        runs = of_norm.values()
        low = max(run.losses[0] for run in runs)
        high = min(run.losses[-1] for run in runs)
        if low <= high:
            levels = np.linspace(low, high, same_loss.LEVELS)
            values = [np.interp(levels, run.losses, run.values) for run in runs]
            mean = shown(np.mean(values, axis=0))
            summed_up = pd.concat([rows[cell] for cell in of_norm])
            curves.plot_line(ax, np.exp(levels), mean, summed_up, color=norm.colour)
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
