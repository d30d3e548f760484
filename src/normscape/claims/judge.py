"""Claims, judged from the tables of an experiment.

What is claimed, and the margins that count, stand in claims files; nothing here depends on
a result. ``workflow/schemas/claims.schema.yaml`` describes their keys.
"""

import functools
import math

import numpy as np
import pandas as pd

from normscape import parts
from normscape.claims import chance, declarations, equal_loss, intervals, paper
from normscape.claims.quantities import (
    at_shared_steps,
    best_rates,
    finished,
    is_rate,
    of_rows,
    of_runs,
    of_steps,
    select,
)
from normscape.experiment import Experiment
from normscape.tables import CELL
from normscape.tables.frames import Tables

NO_RATIO = (
    "the quantity has values that are not positive, so a ratio is not defined; "
    "use comparison: difference"
)
NO_MEAN = (
    "the quantity has negative values, which have no geometric mean; "
    "use average: mean or median in its declaration"
)


def judge(
    claims: list[dict], tables: Tables, curves: pd.DataFrame, experiment: Experiment
) -> pd.DataFrame:
    """A row for each claim, each model of its architecture and each of its subjects.

    claims : as ``declarations.read`` gives them. curves : the paper's digitised curves.

    above, below : the claimed range. paper : the paper's own number as text; paper_effect :
        the effect in its curves; paper_shows : whether that lies in the range, yes or no.
    lr : the claim's; best_lrs : where it is of each normaliser's best rate, those as text,
        subject / reference.
    effect, low, high : over seeds with their 95 % interval, in the quantity's unit or as a
        factor. method : how, see ``intervals.Interval``. seeds : how many have both runs; 0
        where the experiment does not have them. finished : probes that were left out
        because they saw a finished run.
    p : one-sided, of the claim; holm : corrected for all comparisons of its topic.
    verdict : "reproduced", "not reproduced" or "inconclusive"; reason : why the last.
    not_learnt : which of the compared runs diverged or stayed at chance, or empty; where
        that is why the runs are not compared, the reason.
    equal_loss_effect, ..._verdict, ..._reason : the same at equal training loss
        (``equal_loss``), for quantities that are read so; else empty.
    """
    outcomes = chance.outcomes(experiment, tables)
    tables = chance.mark(tables, outcomes)
    readings = _Readings(tables, experiment, at_shared_steps(tables))
    of_paper = _of_paper(claims, curves, experiment)
    rows = []
    for claim in claims:
        models = [m.name for m in experiment.models_of(claim["model"])]
        for model in models or [claim["model"]]:
            for subject in _subjects(claim, experiment):
                reason = not_learnt = None
                if model in outcomes:
                    rates = functools.partial(readings.rate, claim, model)
                    norms = _norms(claim, subject)
                    reason = chance.reason(outcomes[model], claim, norms, rates)
                    not_learnt = reason or chance.remark(outcomes[model], norms, rates)
                run = claim, model, subject
                undefined = readings.undefined(*run)
                undefined_again = readings.undefined_at_equal_loss(*run)
                shown = of_paper[claim["quantity"]].effects(
                    claim, claim["model"], subject
                )
                effects = readings.effects(claim, model, subject)
                again = readings.effects_at_equal_loss(claim, model, subject)
                rows.append(
                    {
                        "claim": claim["id"],
                        "statement": _statement(claim, subject, model, models),
                        "topic": claim["topic"],
                        "where": claim["where"],
                        "model": model,
                        "subject": subject,
                        "reference": claim.get("reference"),
                        "lr": claim.get("lr"),
                        "best_lrs": readings.best_rates_text(claim, model, subject),
                        "quantity": claim["quantity"],
                        "comparison": claim["comparison"],
                        "claimed": _claimed(claim),
                        "above": claim["claimed"].get("above"),
                        "below": claim["claimed"].get("below"),
                    }
                    | _shown(claim, shown)
                    | _weigh(claim, _unless(undefined, effects), reason or undefined)
                    | {"not_learnt": not_learnt}
                    | {"finished": readings.finished(claim, model, subject)}
                    | _second(
                        claim,
                        _unless(undefined_again, again),
                        reason or undefined_again,
                    )
                    | {"figure": claim["figure"]}
                )
    table = pd.DataFrame(rows)
    corrected = table.groupby("topic").p.transform(
        lambda p: intervals.holm(p.to_numpy())
    )
    table.insert(table.columns.get_loc("p") + 1, "holm", corrected)
    return table


def _of_paper(claims, curves, experiment) -> dict[str, "_Readings"]:
    """The paper's own effects, by the quantity that a claim is about."""
    tables = paper.tables(curves)
    return {
        name: _Readings(
            paper.of_quantity(declarations.quantities()[name], tables), experiment
        )
        for name in {claim["quantity"] for claim in claims}
    }


class _Readings:
    """Effects of claims on each seed that has all runs it takes; ratios as logarithms.

    by_step : the tables for the reading by step, where they are not all that there is.
    """

    def __init__(
        self, tables: Tables, experiment: Experiment, by_step: Tables | None = None
    ):
        self._tables = tables
        self._by_step = tables if by_step is None else by_step
        self._experiment = experiment
        self._of_runs = functools.cache(lambda name: of_runs(name, self._by_step))
        self._rows = functools.cache(self._rows)
        self._steps = functools.cache(self._steps)
        self._courses = functools.cache(self._courses)
        self._finished = functools.cache(self._finished)

    def rate(self, claim, model, norm) -> float | None:
        """The learning rate at which a claim is about a normaliser; None: at all."""
        if claim.get("best_lr"):
            return self._best_rates.get((model, norm))
        return claim.get("lr")

    def best_rates_text(self, claim, model, subject) -> str | None:
        if not claim.get("best_lr"):
            return None
        rates = [self.rate(claim, model, norm) for norm in _norms(claim, subject)]
        return " / ".join(f"{rate:g}" for rate in rates if rate is not None)

    def effects(self, claim, model, subject) -> np.ndarray:
        """By step: of one number for each run."""
        both = self._values(claim, model, subject)
        if claim["comparison"] == "value":
            return both[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            if claim["comparison"] == "ratio":
                return np.log(both[0]) - np.log(both[1])
            return both[0] - both[1]

    def undefined(self, claim, model, subject) -> str | None:
        """Why ``effects`` are not defined, or None."""
        if reason := self._no_mean(claim, model, subject):
            return reason
        both = self._values(claim, model, subject)
        return NO_RATIO if _has_no_ratio(claim, both) else None

    def undefined_at_equal_loss(self, claim, model, subject) -> str | None:
        """Why ``effects_at_equal_loss`` are not defined, or None."""
        if not _is_read_at_equal_loss(claim):
            return None
        if reason := self._no_mean(claim, model, subject):
            return reason
        steps = self._steps(claim["quantity"]).set_index(CELL).value
        both = self._compared(claim, model, subject, steps)
        return NO_RATIO if _has_no_ratio(claim, both) else None

    def _no_mean(self, claim, model, subject):
        declared = declarations.quantities()[claim["quantity"]]
        if "geometric_mean" not in (declared["average"], declared["average_in_step"]):
            return None
        rows = self._rows(claim["quantity"])
        compared = self._compared(claim, model, subject, rows)
        return NO_MEAN if any((values < 0).any() for values in compared) else None

    def _compared(self, claim, model, subject, values) -> list[pd.Series]:
        """The values, indexed by run, of a claim's subject and of its reference."""
        return [
            select(values, model=model, norm=norm, lr=self.rate(claim, model, norm))
            for norm in _norms(claim, subject)
        ]

    def _values(self, claim, model, subject) -> np.ndarray:
        """A number for each seed that has all runs: a row for the subject, and the reference."""
        values = self._of_runs(claim["quantity"])
        of_norms = []
        for own in self._compared(claim, model, subject, values):
            # Without a learning rate, the mean over all.
            by_seed = own.groupby(own.index.get_level_values("seed"))
            of_norms.append(by_seed.agg(lambda some: some.mean(skipna=False)))
        # Only a run that is not there is left out; what a run could not give stays NaN.
        return pd.concat(of_norms, axis="columns", join="inner").to_numpy(float).T

    def effects_at_equal_loss(self, claim, model, subject) -> np.ndarray | None:
        """As ``effects``, NaN for runs that are never at the same loss; None if not read so."""
        if not _is_read_at_equal_loss(claim):
            return None
        courses = self._courses(claim["quantity"], claim["comparison"] == "ratio")
        # At best rates, two runs of a seed are compared whose rates may differ.
        best = claim.get("best_lr")
        first, second = (
            {
                (seed, None if best else lr): course
                for (of_model, of_norm, lr, seed), course in courses.items()
                if (of_model, of_norm) == (model, norm)
                and is_rate(lr, self.rate(claim, model, norm) or lr)
            }
            for norm in _norms(claim, subject)
        )
        found = {
            run: equal_loss.difference(course, second[run])
            for run, course in first.items()
            if run in second
        }
        # Without a learning rate, the mean over all at which they meet.
        return pd.Series(found, dtype=float).groupby(level=0).mean().to_numpy()

    def finished(self, claim, model, subject) -> int | None:
        """How many probes of the claim's runs saw a finished run; None without probes."""
        if not declarations.quantities()[claim["quantity"]]["probe"]:
            return None
        found = self._finished(claim["quantity"])
        of_norms = [
            select(found, model=model, norm=norm, lr=self.rate(claim, model, norm))
            .groupby("seed")
            .sum()
            for norm in _norms(claim, subject)
        ]
        # As in effects, only seeds that have all runs.
        return int(pd.concat(of_norms, axis="columns", join="inner").to_numpy().sum())

    @functools.cached_property
    def _best_rates(self):
        return best_rates(self._tables)

    @functools.cached_property
    def _losses(self):
        return equal_loss.smoothed_losses(self._tables["history"], self._experiment)

    def _rows(self, name):
        declared = declarations.quantities()[name]
        there = "value" in declared and set(declared["tables"]) <= self._by_step.keys()
        if not there:
            return pd.Series(index=pd.MultiIndex.from_product([[]] * 4, names=CELL))
        return of_rows(declared, self._by_step).set_index(CELL).value

    def _steps(self, name):
        return of_steps(declarations.quantities()[name], self._tables)

    def _courses(self, name, logarithms):
        return equal_loss.courses(self._steps(name), self._losses, logarithms)

    def _finished(self, name):
        steps = of_steps(declarations.quantities()[name], self._by_step)
        return steps.assign(here=finished(steps, self._by_step)).set_index(CELL).here


def _is_read_at_equal_loss(claim) -> bool:
    declared = declarations.quantities()[claim["quantity"]]
    return declared["equal_loss"] and claim["comparison"] != "value"


def _has_no_ratio(claim, both) -> bool:
    """Whether a ratio is claimed of values that have none.

    That is, one is negative, or subject and reference have a zero each; one zero alone is a
    ratio's limit.
    """
    if claim["comparison"] != "ratio":
        return False
    signed = any((values < 0).any() for values in both)
    return signed or all((values == 0).any() for values in both)


def _unless(reason, effects):
    """The effects; all of them unknown if there is a reason for it."""
    if not reason or effects is None:
        return effects
    return np.full(len(effects), math.nan)


def _norms(claim, subject):
    return [subject, *filter(None, [claim.get("reference")])]


def _subjects(claim, experiment):
    """Those of the claim, and those that its file does not name if it applies to all."""
    others = [norm for norm in experiment.norms if norm not in claim["named"]]
    return claim["subjects"] + (others if claim.get("applies_to") == "all" else [])


def _statement(claim, subject, model, models):
    label = parts.declaration("norms", subject).get("label", subject)
    of_which = f" ({model})" if len(models) > 1 else ""
    return claim["statement"].format(subject=label) + of_which


def _claimed(claim) -> str:
    sign = {"above": ">", "below": "<"}
    return " and ".join(f"{sign[key]} {v:g}" for key, v in claim["claimed"].items())


def _limits(claim) -> tuple[float, float]:
    """The claimed range, on the scale of effects."""
    scale = math.log if claim["comparison"] == "ratio" else float
    limits = {key: scale(limit) for key, limit in claim["claimed"].items()}
    return limits.get("above", -math.inf), limits.get("below", math.inf)


def _back(claim, effect) -> float:
    return float(np.exp(effect)) if claim["comparison"] == "ratio" else float(effect)


def _shown(claim, effects):
    """The paper's own number: as the claim states it, or from its curves."""
    found = {"paper": claim.get("paper"), "paper_effect": None, "paper_shows": None}
    if len(effects) and np.isfinite(effects[0]):
        above, below = _limits(claim)
        found["paper_effect"] = _back(claim, effects[0])
        found["paper"] = found["paper"] or f"{found['paper_effect']:.3g}"
        found["paper_shows"] = "yes" if above < effects[0] < below else "no"
    return found


def _weigh(claim, effects, reason) -> dict:
    """Effect, interval, p-value and verdict of a claim's effects over seeds.

    reason : why they decide nothing, or None.
    """
    seeds = len(effects)
    if not seeds:
        return {
            **dict.fromkeys(("effect", "low", "high"), math.nan),
            "seeds": 0,
            "method": "",
            "p": math.nan,
            "verdict": "inconclusive",
            "reason": "not in this experiment",
        }
    effect, low, high, method = intervals.interval(effects)
    above, below = _limits(claim)
    verdict = "inconclusive"
    if not reason:
        verdict = _verdict(low, high, above, below)
        if method == "same" and 0.5**seeds > intervals.LEVEL:
            verdict = "inconclusive"
    if verdict == "inconclusive":
        reason = reason or _undecided(effects, method)
    return {
        "effect": _back(claim, effect),
        "low": _back(claim, low),
        "high": _back(claim, high),
        "seeds": seeds,
        "method": method,
        "p": intervals.probability(effects, above, below),
        "verdict": verdict,
        "reason": reason,
    }


def _verdict(low, high, above, below):
    # An interval may reach to infinity on the side that the claim leaves open.
    over = above == -math.inf or above < low
    under = below == math.inf or high < below
    if over and under:
        return "reproduced"
    if high <= above or low >= below:
        return "not reproduced"
    return "inconclusive"


def _undecided(effects, method) -> str:
    seeds = len(effects)
    if seeds == 1:
        return "one seed gives no interval"
    if np.isnan(effects).any():
        return "a run diverged, or both overflowed, or one was finished at all probes"
    if method == "same":
        return f"the same in all of only {seeds} seeds"
    if method == "ranks" and 0.5**seeds > intervals.LEVEL:
        return f"an effect is infinite, and {seeds} seeds are too few for ranks"
    return "the interval reaches over the limit"


def _second(claim, effects, reason) -> dict:
    """The columns of the reading at equal loss."""
    keys = ("effect", "low", "high", "seeds", "method", "verdict", "reason")
    if effects is None:
        return {f"equal_loss_{key}": None for key in keys}
    overlap = effects[~np.isnan(effects)]
    if len(effects) and not len(overlap):
        reason = reason or "never at the same loss"
    found = _weigh(claim, overlap, reason)
    if reason:
        found["reason"] = reason
    return {f"equal_loss_{key}": found[key] for key in keys}
