"""Runs compared at the same training loss: a quantity as a function of a run's own loss."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from normscape.experiment import Experiment
from normscape.tables import CELL

# Levels of the training loss, over that of constant outputs. They are fixed for all
# experiments, so that no result decides where networks are compared.
LEVELS = (0.80, 0.65, 0.55, 0.48, 0.42)
# The levels whose mean is compared. Above, most networks have hardly begun to learn.
COMPARED = LEVELS[1:]


class Course(NamedTuple):
    """A quantity along a run: the logarithm of the training loss, and the value there."""

    losses: np.ndarray
    values: np.ndarray


def smoothed_losses(history: pd.DataFrame, experiment: Experiment) -> dict:
    """The logarithm of the training loss by step, for each run by its cell.

    The loss is taken without the L2 penalty, and averaged over as many steps around as the
    model's batches need (``Model.smoothing``). It is NaN where the run diverged.
    """
    smoothed = {}
    for cell, run in history.sort_values("step").groupby(CELL):
        window = experiment.all_models[cell[0]].smoothing
        run = run.set_index("step")
        losses = (run.loss - run.penalty).where(run.diverged == 0)
        smoothed[cell] = smooth_logarithms(losses, window)
    return smoothed


def smooth_logarithms(
    losses: pd.DataFrame | pd.Series, window: int, centred: bool = True
):
    """Moving averages over steps of the logarithms of losses; missing losses stay missing.

    window : number of steps around each, or up to each if not ``centred``.
    """
    with np.errstate(divide="ignore"):
        logarithms = np.log(losses)
    means = logarithms.rolling(window, min_periods=1, center=centred).mean()
    return means.where(losses.notna())


def level_means(values: pd.DataFrame, levels: list[float]) -> pd.Series:
    """The mean over levels of each run that reaches all of them."""
    return values[levels].dropna().mean(axis=1)


def courses(steps: pd.Series, losses: dict, logarithms: bool) -> dict[tuple, Course]:
    """The course of each run by its cell (model, norm, lr, seed).

    steps : values, indexed by (model, norm, lr, seed, step). losses : as
    ``smoothed_losses`` gives them; a probe after the last step has the loss of that step.
    logarithms : whether values are compared as ratios. Where a run has diverged, or a value
    is unknown, there is no point.
    """
    courses = {}
    for cell, run in steps.groupby(CELL):
        if cell not in losses:
            continue
        step = run.index.get_level_values("step")
        last = losses[cell].index.max()
        near = losses[cell].reindex(np.minimum(step, last)).to_numpy()
        values = run.to_numpy(float)
        if logarithms:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(values)
        kept = np.isfinite(near) & ~np.isnan(values)
        order = np.argsort(near[kept], kind="stable")
        courses[cell] = Course(near[kept][order], values[kept][order])
    return courses


def values_at_levels(
    courses: dict[tuple, Course], constant_losses: dict[str, float]
) -> pd.DataFrame:
    """The value of each run, indexed by ``CELL``, at each of ``LEVELS``.

    Between probes values are interpolated over the logarithm of the loss. NaN where no
    probes of the run lie around the level.

    constant_losses : of each model.

    >>> course = Course(np.log([0.4, 0.8]), np.array([1.0, 2.0]))
    >>> values = values_at_levels({("vgg", "none", 0.1, 0): course}, {"vgg": 1.0})
    >>> values.iloc[0].round(2).tolist()
    [2.0, 1.7, 1.46, 1.26, 1.07]
    """
    rows = [
        np.interp(
            np.log(np.multiply(LEVELS, constant_losses[model])),
            *(course if len(course.losses) else ([0.0], [np.nan])),
            left=np.nan,
            right=np.nan,
        )
        for (model, *_), course in courses.items()
    ]
    index = pd.MultiIndex.from_tuples(list(courses), names=CELL)
    return pd.DataFrame(rows, index, LEVELS, dtype=float)


def count_levels(tables: list[pd.DataFrame], seeds: int) -> list[float]:
    """The compared levels that count, from the highest down.

    A level counts if enough runs of each network reach it and all that count before: all but
    one run, and no fewer than ``seeds``; where a network has no more runs than that, all.

    tables : of each network, as ``values_at_levels`` returns. seeds : the number of runs
    that a verdict needs.
    """
    counted = []
    for level in COMPARED:
        levels = [*counted, level]
        if all(
            runs[levels].notna().all(axis=1).sum() >= _enough(len(runs), seeds)
            for runs in tables
        ):
            counted = levels
    return counted


def _enough(runs, seeds):
    return max(runs - 1, min(seeds, runs), 1)
