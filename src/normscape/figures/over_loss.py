"""A quantity over the training loss, as the judge reads it at equal loss."""

import numpy as np

from normscape.claims import equal_loss
from normscape.figures import curves, style


def over_loss(ax, steps, losses, norms, *, logarithms: bool) -> None:
    """Thin lines for the runs, and a thick one over the losses that all of a norm's runs have.

    steps : a row for each run and step, with its ``value``. losses : as
    ``equal_loss.smoothed_losses`` gives them. logarithms : whether the thick line is the
    geometric mean, on a logarithmic axis, and not the mean. Losses fall to the right.
    """
    courses = equal_loss.courses(steps, losses, logarithms)
    shown = np.exp if logarithms else np.asarray
    for norm in norms:
        runs = [run for cell, run in courses.items() if cell[1] == norm.name]
        runs = [run for run in runs if len(run.losses)]
        if not runs:
            continue
        for run in runs:
            line = {"color": norm.colour, "marker": "."} | style.SEED
            ax.plot(np.exp(run.losses), shown(run.values), markersize=2, **line)
        low = max(run.losses[0] for run in runs)
        high = min(run.losses[-1] for run in runs)
        if low <= high:
            levels = np.linspace(low, high, equal_loss.LEVELS)
            values = [np.interp(levels, run.losses, run.values) for run in runs]
            ax.plot(np.exp(levels), shown(np.mean(values, axis=0)), color=norm.colour)
    if ax.has_data():
        low, high = ax.dataLim.intervalx
        ticks = np.outer(10.0 ** np.arange(-9, 10), (1, 2, 5)).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        # Losses of a regression have many digits; the axis has room for 16.
        longest = max((len(f"{tick:g}") for tick in ticks), default=0)
        curves.log_x(ax, ticks, share=longest / 16)
        ax.invert_xaxis()
        if logarithms:
            curves.log_y(ax)
    ax.set_xlabel("Training loss")
    curves.note_if_empty(ax)
