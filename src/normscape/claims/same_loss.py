"""Two runs compared at the same training loss: a quantity as a function of a run's own loss."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from normscape.experiment import Experiment
from normscape.tables import CELL

# Levels at which two runs are compared, spread evenly over the logarithms of their losses.
LEVELS = 20


class Course(NamedTuple):
    """A quantity along a run: the logarithm of the training loss, and the value there."""

    losses: np.ndarray
    values: np.ndarray


def smoothed_losses(history: pd.DataFrame, experiment: Experiment) -> dict:
    """The logarithm of the training loss by step, for each run by its cell.

    Averaged over as many steps around as the model's batches need (``Model.smoothing``);
    NaN where the run diverged.
    """
    smoothed = {}
    for cell, run in history.sort_values("step").groupby(CELL):
        window = experiment.all_models[cell[0]].smoothing
        losses = run.set_index("step").loss.where(run.set_index("step").diverged == 0)
        with np.errstate(divide="ignore"):
            logarithms = np.log(losses)
        means = logarithms.rolling(window, min_periods=1, center=True).mean()
        smoothed[cell] = means.where(losses.notna())
    return smoothed


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


def difference(subject: Course, reference: Course) -> float:
    """subject - reference, averaged over the losses that both have; NaN without any.

    Between probes values are interpolated over the logarithm of the loss. Losses where both
    are infinite are left out; where one is, the difference is infinite.

    >>> slow = Course(np.log([1.0, 2.0]), np.array([3.0, 5.0]))
    >>> fast = Course(np.log([0.5, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]))
    >>> difference(fast, slow)
    -1.0
    """
    if not (len(subject.losses) and len(reference.losses)):
        return math.nan
    low = max(subject.losses[0], reference.losses[0])
    high = min(subject.losses[-1], reference.losses[-1])
    if low >= high:
        return math.nan
    levels = np.linspace(low, high, LEVELS)
    first, second = (
        np.interp(levels, run.losses, run.values) for run in (subject, reference)
    )
    with np.errstate(invalid="ignore"):
        differences = first - second
    differences = differences[~np.isnan(differences)]
    infinite = np.sign(differences[np.isinf(differences)])
    if len(infinite):
        return float(infinite.sum()) * math.inf  # NaN where they are balanced
    return float(differences.mean()) if len(differences) else math.nan
