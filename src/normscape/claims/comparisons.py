"""How runs are compared: at the same step, at the same training loss, or the same function.

A network that trains faster is ahead at each step, and its landscape differs for that
reason alone. Therefore quantities of the landscape are compared at the same loss, too.
At the same function nothing differs but the parametrisation.

A comparison has a ``name``, ``applies_to(claim)``, and ``compare(case)``.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from normscape.claims import same_loss
from normscape.claims.cases import SAME_FUNCTION_TABLES, Case, is_at_same_function
from normscape.claims.claim import Claim
from normscape.claims.decision import RUNS
from normscape.claims.exclusions import keep_learnt
from normscape.claims.intervals import OneSample, Sample, TwoSamples
from normscape.claims.quantities import QUANTITIES
from normscape.claims.selection import keep_shared_steps
from normscape.claims.values import (
    is_finished,
    measured_at_checkpoints,
    summarise_steps,
    values_per_run,
    values_per_step,
)
from normscape.experiment import Experiment
from normscape.tables import CELL
from normscape.tables.frames import Tables

SAME_STEP, SAME_LOSS = "same step", "same loss"
SAME_FUNCTION = "same function"

NOT_MEASURED = "not in this experiment"
NOT_LEARNT = "no run has learnt"
NO_RATIO = (
    "the quantity has values that are not positive, so a ratio is not defined; "
    "use scale: difference"
)
NO_COMMON_LOSS = "never at the same loss"


class Compared(NamedTuple):
    """The runs of a case: values or effects, ratios as logarithms.

    sample : NaN where a run's value is unknown; None without runs.
    values : of subject and reference by seed, as far as they are in the sample.
    undecided : why they decide nothing, or None.
    correlation : of the values of equal seeds; NaN where fewer than three pairs are known.
    levels : at the same loss, the levels that count, as text.
    finished : how many probes were left out, because they saw a finished run; None where
        the quantity is not one of probes.
    """

    sample: Sample | None
    undecided: str | None = None
    values: tuple[pd.Series, ...] = ()
    correlation: float = math.nan
    levels: str | None = None
    finished: int | None = None


class SameStep:
    """One number per run: the median over the steps at which all compared runs were measured."""

    name = SAME_STEP

    def __init__(self, tables: Tables):
        self._tables = tables
        self._outcomes = tables["outcomes"].set_index(CELL).outcome
        self._values: dict[str, pd.Series] = {}
        self._finished: dict[str, pd.Series] = {}

    def applies_to(self, claim: Claim) -> bool:
        return not is_at_same_function(claim)

    def compare(self, case: Case) -> Compared:
        measured = self._select(case, self._values_of(case.claim.quantity))
        if not all(map(len, measured)):
            return Compared(None, NOT_MEASURED)
        learnt = [
            keep_learnt(values, norm, case, self._outcomes)
            for values, norm in zip(measured, case.norms, strict=True)
        ]
        if not all(map(len, learnt)):
            return Compared(None, NOT_LEARNT)
        finished = None
        if measured_at_checkpoints(QUANTITIES[case.claim.quantity]):
            learnt, finished = self._summarise(case, learnt)
        by_seed = [some.groupby("seed").mean(skipna=False) for some in learnt]
        if case.claim.scale == "ratio" and _have_no_ratio(by_seed):
            return Compared(None, NO_RATIO)
        return compare_runs(case, by_seed)._replace(finished=finished)

    def _select(self, case, values):
        return [case.select(values, norm) for norm in case.norms]

    def _values_of(self, name) -> pd.Series:
        """Of each step where the quantity is measured at checkpoints, else of each run."""
        if name not in self._values:
            at_checkpoints = measured_at_checkpoints(QUANTITIES[name])
            compute = values_per_step if at_checkpoints else values_per_run
            self._values[name] = compute(name, self._tables)
        return self._values[name]

    def _summarise(self, case, steps) -> tuple[list[pd.Series], int]:
        """One number per run, and how many probes of finished runs were left out.

        A run that was finished at all steps has NaN.
        """
        quantity = QUANTITIES[case.claim.quantity]
        if quantity.name not in self._finished:
            values = self._values[quantity.name]
            self._finished[quantity.name] = is_finished(values, self._tables)
        by_rate = case.claim.lr is None and not case.claim.best_lr
        per_network, count = [], 0
        for values in keep_shared_steps(steps, by_rate):
            flags = self._finished[quantity.name].loc[values.index]
            count += int(flags.sum())
            runs = values.index.droplevel("step").unique()
            kept = summarise_steps(values[~flags.to_numpy()], quantity.over_steps)
            per_network.append(kept.reindex(runs))
        return per_network, count


class SameLoss:
    """One number per run: the mean over fixed levels of the run's own training loss."""

    name = SAME_LOSS

    def __init__(self, tables: Tables, experiment: Experiment):
        self._tables = tables
        self._experiment = experiment
        self._outcomes = tables["outcomes"].set_index(CELL).outcome
        self._constant = tables["constant_losses"].set_index("model").loss.to_dict()
        self._steps: dict[str, pd.Series] = {}
        self._at_levels: dict[tuple[str, bool], pd.DataFrame] = {}

    def applies_to(self, claim: Claim) -> bool:
        same_loss = QUANTITIES[claim.quantity].same_loss and claim.scale != "value"
        return same_loss and claim.place is None

    def compare(self, case: Case) -> Compared:
        """Runs that do not reach one of the levels are left out."""
        runs = self._runs_at_levels(case)
        if not all(map(len, runs)):
            return Compared(None, NO_COMMON_LOSS)
        if case.claim.scale == "ratio":
            steps = self._steps_of(case.claim.quantity)
            if _have_no_ratio([case.select(steps, name) for name in case.norms]):
                return Compared(None, NO_RATIO)
        levels = same_loss.count_levels(runs, RUNS)
        if not levels:
            return Compared(None, NO_COMMON_LOSS)
        means = [same_loss.level_means(some, levels) for some in runs]
        text = " ".join(f"{level:g}" for level in levels)
        return _compare_scaled(case, means)._replace(levels=text)

    def compare_at_levels(self, case: Case) -> dict[float, Compared]:
        """The comparison at each level that runs of both networks reach."""
        runs = self._runs_at_levels(case)
        return {
            level: _compare_scaled(case, [some[level].dropna() for some in runs])
            for level in same_loss.LEVELS
            if all(some[level].notna().any() for some in runs)
        }

    def _runs_at_levels(self, case) -> list[pd.DataFrame]:
        """Of subject and reference the value of each seed at each level.

        Without a learning rate a seed has the mean over all.
        """
        table = self._values(case.claim.quantity, case.claim.scale == "ratio")
        return [
            keep_learnt(case.select(table, norm), norm, case, self._outcomes)
            .groupby("seed")
            .mean()
            for norm in case.norms
        ]

    @functools.cached_property
    def _losses(self):
        return same_loss.smoothed_losses(self._tables["history"], self._experiment)

    def _steps_of(self, name):
        if name not in self._steps:
            self._steps[name] = values_per_step(name, self._tables)
        return self._steps[name]

    def _values(self, name, logarithms):
        key = name, logarithms
        if key not in self._at_levels:
            steps = self._steps_of(name)
            courses = same_loss.courses(steps, self._losses, logarithms)
            self._at_levels[key] = same_loss.values_at_levels(courses, self._constant)
        return self._at_levels[key]


class SameFunction:
    """One number per run of the place: the median over the steps at which it was measured."""

    name = SAME_FUNCTION

    def __init__(self, tables: Tables):
        self._tables = tables
        self._at_places: dict[str, SameStep] = {}

    def applies_to(self, claim: Claim) -> bool:
        return is_at_same_function(claim)

    def compare(self, case: Case) -> Compared:
        place = case.claim.place
        if place not in self._at_places:
            self._at_places[place] = SameStep(_tables_at(place, self._tables))
        return self._at_places[place].compare(case)


def _tables_at(place: str, tables: Tables) -> Tables:
    """Tables of a normaliser's runs, where parametrisations stand in the column norm."""
    selected = {}
    for name, source in SAME_FUNCTION_TABLES.items():
        if source in tables:
            rows = tables[source]
            rows = rows[rows.norm == place]
            # All are measured along the gradient.
            selected[name] = rows.assign(
                norm=rows.parametrisation, direction="gradient"
            )
    # Each parametrisation has the history of the runs of the place.
    history = tables["history"]
    history = history[history.norm == place]
    names = {norm for table in selected.values() for norm in table.norm}
    histories = [history.assign(norm=name) for name in sorted(names)]
    selected["history"] = pd.concat([history, *histories])
    return selected | {"outcomes": tables["outcomes"]}


def compare_runs(case: Case, values: list[pd.Series]) -> Compared:
    """The comparison of values by seed, which become logarithms where ratios are claimed."""
    if case.claim.scale == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = [np.log(some) for some in values]
    return _compare_scaled(case, values)


def _compare_scaled(case, values):
    """Pairs where the case has them, and otherwise two groups of runs.

    Two networks' runs of a seed start from equal weights and see equal batches. That alone
    does not correlate their values, as the column ``correlation`` of the verdicts shows.
    """
    ranks = case.claim.ranks
    if len(values) == 1:
        sample = OneSample(values[0].to_numpy(float), ranks)
        return Compared(sample, values=tuple(values))
    joined = pd.concat(values, axis="columns", join="inner")
    pairs = joined.to_numpy(float)
    correlation = _correlation(pairs)
    if case.paired:
        with np.errstate(invalid="ignore"):  # of infinities alike
            sample = OneSample(pairs[:, 0] - pairs[:, 1], ranks)
        values = [joined.iloc[:, 0], joined.iloc[:, 1]]
        sample = sample if len(pairs) else None
    else:
        sample = TwoSamples(*(some.to_numpy(float) for some in values), ranks)
    return Compared(sample, values=tuple(values), correlation=correlation)


def _correlation(pairs):
    known = pairs[np.isfinite(pairs).all(axis=1)]
    if len(known) < 3 or (np.ptp(known, axis=0) == 0).any():
        return math.nan
    return float(np.corrcoef(known.T)[0, 1])


def _have_no_ratio(values) -> bool:
    """Whether one value is negative, or subject and reference have a zero each.

    One zero alone is a ratio's limit.
    """
    negative = any((some < 0).any() for some in values)
    return negative or all((some == 0).any() for some in values)
