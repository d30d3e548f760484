"""How runs are compared: at the same step, at the same training loss, or the same function.

A network that trains faster is ahead at each step, and its landscape differs for that
reason alone. Therefore quantities of the landscape are compared at the same loss, too.
At the same function nothing differs but the parametrisation.

A comparison has a ``name``, ``applies_to(claim)``, and ``effects(case)``.
"""

import functools
from typing import NamedTuple

import numpy as np
import pandas as pd

from normscape.claims import same_loss
from normscape.claims.cases import Case, is_at_same_function
from normscape.claims.claim import Claim
from normscape.claims.quantities import QUANTITIES
from normscape.claims.values import (
    at_shared_steps,
    is_finished,
    measured_at_checkpoints,
    values_per_run,
    values_per_step,
)
from normscape.experiment import Experiment
from normscape.tables.frames import Tables

SAME_STEP, SAME_LOSS = "same step", "same loss"
SAME_FUNCTION = "same function"

NOT_MEASURED = "not in this experiment"
NO_RATIO = (
    "the quantity has values that are not positive, so a ratio is not defined; "
    "use scale: difference"
)
NO_COMMON_LOSS = "never at the same loss"


class Effects(NamedTuple):
    """The effect of each seed that has all runs of a case; ratios as logarithms.

    values : NaN where a seed's effect is unknown.
    undecided : why the effects decide nothing, or None.
    finished : how many probes were left out, because they saw a finished run; None where
        the quantity is not one of probes.
    """

    values: np.ndarray
    undecided: str | None = None
    finished: int | None = None


class SameStep:
    """One number per run: the median over the steps at which all runs were measured."""

    name = SAME_STEP

    def __init__(self, tables: Tables):
        self._tables = at_shared_steps(tables)
        self._per_run: dict[str, pd.Series] = {}
        self._finished: dict[str, pd.Series] = {}

    def applies_to(self, claim: Claim) -> bool:
        return not is_at_same_function(claim)

    def effects(self, case: Case) -> Effects:
        name = case.claim.quantity
        if name not in self._per_run:
            self._per_run[name] = values_per_run(name, self._tables)
        values = seed_values(case, self._per_run[name])
        effects = scaled_effects(case.claim.scale, values)
        undecided = None if len(effects) else NOT_MEASURED
        if case.claim.scale == "ratio" and _have_no_ratio(values):
            effects, undecided = np.full(len(effects), np.nan), NO_RATIO
        return Effects(effects, undecided, self._count_finished(case))

    def _count_finished(self, case):
        name = case.claim.quantity
        if not measured_at_checkpoints(QUANTITIES[name]):
            return None
        if name not in self._finished:
            steps = values_per_step(name, self._tables)
            self._finished[name] = is_finished(steps, self._tables)
        flags = self._finished[name]
        counts = [case.select(flags, n).groupby("seed").sum() for n in case.norms]
        return int(pd.concat(counts, axis="columns", join="inner").to_numpy().sum())


class SameLoss:
    """Values as functions of the run's own training loss, over the losses of two runs."""

    name = SAME_LOSS

    def __init__(self, tables: Tables, experiment: Experiment):
        self._tables = tables
        self._experiment = experiment
        self._steps: dict[str, pd.Series] = {}
        self._courses: dict[tuple[str, bool], dict] = {}

    def applies_to(self, claim: Claim) -> bool:
        same_loss = QUANTITIES[claim.quantity].same_loss and claim.scale != "value"
        return same_loss and claim.place is None

    def effects(self, case: Case) -> Effects:
        """Seeds whose runs are never at the same loss are left out."""
        claim = case.claim
        courses = self._courses_of(claim.quantity, claim.scale == "ratio")
        subject, reference = (
            {
                # At best rates, the two runs of a seed may have different rates.
                (seed, None if claim.best_lr else lr): course
                for (model, norm, lr, seed), course in courses.items()
                if (model, norm) == (case.model, name)
                and lr == (case.rates[name] or lr)
            }
            for name in case.norms
        )
        differences = {
            run: same_loss.difference(course, reference[run])
            for run, course in subject.items()
            if run in reference
        }
        # Without a learning rate, the mean over all at which the runs meet.
        effects = pd.Series(differences, dtype=float).groupby(level=0).mean()
        effects = effects.dropna().to_numpy()
        if claim.scale == "ratio":
            steps = self._steps[claim.quantity]
            if _have_no_ratio([case.select(steps, name) for name in case.norms]):
                return Effects(np.array([]), NO_RATIO)
        return Effects(effects, None if len(effects) else NO_COMMON_LOSS)

    @functools.cached_property
    def _losses(self):
        return same_loss.smoothed_losses(self._tables["history"], self._experiment)

    def _courses_of(self, name, logarithms):
        if name not in self._steps:
            self._steps[name] = values_per_step(name, self._tables)
        key = name, logarithms
        if key not in self._courses:
            self._courses[key] = same_loss.courses(
                self._steps[name], self._losses, logarithms
            )
        return self._courses[key]


class SameFunction:
    """One number per run of the place: the median over the steps at which it was measured."""

    name = SAME_FUNCTION

    def __init__(self, tables: Tables):
        self._tables = tables
        self._at_places: dict[str, SameStep] = {}

    def applies_to(self, claim: Claim) -> bool:
        return is_at_same_function(claim)

    def effects(self, case: Case) -> Effects:
        place = case.claim.place
        if place not in self._at_places:
            self._at_places[place] = SameStep(_tables_at(place, self._tables))
        return self._at_places[place].effects(case)


# The tables of quantities, and those that hold the same columns for each parametrisation.
SAME_FUNCTION_TABLES = {
    "landscape": "same_function",
    "landscape_ranges": "same_function_ranges",
    "ics": "same_function_ics",
    "curvature": "same_function_curvature",
}


def _tables_at(place: str, tables: Tables) -> Tables:
    """Tables of a normaliser's runs, where parametrisations stand in the column norm."""
    found = {}
    for name, source in SAME_FUNCTION_TABLES.items():
        if source in tables:
            rows = tables[source]
            rows = rows[rows.norm == place]
            # All are measured along the gradient.
            found[name] = rows.assign(norm=rows.parametrisation, direction="gradient")
    # Each parametrisation has the history of the runs of the place.
    history = tables["history"]
    history = history[history.norm == place]
    names = {norm for table in found.values() for norm in table.norm}
    histories = [history.assign(norm=name) for name in sorted(names)]
    return found | {"history": pd.concat([history, *histories])}


def seed_values(case: Case, values: pd.Series) -> np.ndarray:
    """For the subject and for the reference a row of one value per seed that has both.

    values : of all runs. Without a learning rate, a seed has the mean over all. Only a run
    that does not exist is left out: a value that a run does not have stays NaN.
    """
    by_seed = [
        case.select(values, norm).groupby("seed").mean(skipna=False)
        for norm in case.norms
    ]
    return pd.concat(by_seed, axis="columns", join="inner").to_numpy(float).T


def scaled_effects(scale: str, values: np.ndarray) -> np.ndarray:
    """The effects by ``seed_values``: on their scale, where ratios are logarithms."""
    if scale == "value":
        return values[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = np.log(values) if scale == "ratio" else values
        return first - second


def _have_no_ratio(values) -> bool:
    """Whether one value is negative, or subject and reference have a zero each.

    One zero alone is a ratio's limit.
    """
    negative = any((some < 0).any() for some in values)
    return negative or all((some == 0).any() for some in values)
