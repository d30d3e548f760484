"""Evaluation of claims from the tables of an experiment.

Claims and their limits are in files of claims; nothing here depends on a result.
"""

import dataclasses
import math

import pandas as pd

from normscape.claims import comparisons, intervals, paper_curves
from normscape.claims.cases import Case, list_cases
from normscape.claims.claim import Claim
from normscape.claims.comparisons import NOT_MEASURED
from normscape.claims.decision import decide, unscaled
from normscape.claims.exclusions import describe_untrained
from normscape.claims.quantities import best_rates
from normscape.claims.values import paper_values_per_run
from normscape.experiment import Experiment
from normscape.tables import CELL
from normscape.tables.frames import Tables

# A case, the name of a comparison, and the runs that it compares.
Comparisons = list[tuple[Case, str, comparisons.Compared]]


def compare_all(
    claims: list[Claim], tables: Tables, experiment: Experiment
) -> Comparisons:
    """Each case with the comparisons that apply; the first alone, if it has no runs.

    tables : with ``outcomes`` and ``constant_losses``.
    """
    kinds = (
        comparisons.SameStep(tables),
        comparisons.SameLoss(tables, experiment),
        comparisons.SameFunction(tables),
    )
    compared = []
    for case in list_cases(claims, experiment, best_rates(tables["history"])):
        for kind in kinds:
            if kind.applies_to(case.claim):
                compared.append((case, kind.name, kind.compare(case)))
                if compared[-1][-1].undecided == NOT_MEASURED:
                    break
    return compared


def judge(
    compared_cases: Comparisons, tables: Tables, curves: pd.DataFrame
) -> pd.DataFrame:
    """One row per claim, model of its architecture, subject, and comparison.

    compared_cases : of ``compare_all``, from the same tables. curves : the paper's
    digitised curves.

    primary : the question that the claim answers first, or empty.
    architecture : the network that the claim is about; model : its name in the experiment.
    above, below : the claimed range. lr : the claim's; best_lrs : those of subject and
        reference as text, where the claim is about each normaliser's best rate.
    place : the normaliser whose checkpoints are compared, or started from; or empty.
    comparison : "same step", or "same loss" for quantities that are compared so, too; or
        "same function".
    paper : the paper's own number as text; paper_effect : the effect in its curves;
        paper_shows : whether that lies in the range, yes or no. All are at the same step.
    effect, low, high : over runs with their 95% interval, in the quantity's unit or as a
        ratio. method : of the interval, see ``intervals.Interval``.
    seeds, reference_seeds : the numbers of runs that are compared; the second is empty
        where runs are paired or have no reference. The first is 0 where the experiment
        does not have the runs, and such a claim has no further rows.
    p : one-sided, for an effect inside the claimed range; p_direction : for the claimed
        sign, empty for claims without one; p_opposite : for the other sign or, without one,
        for an effect outside of the range. All are empty where too few runs are compared.
    holm, holm_direction, holm_opposite : corrected for all claims of the same topic and
        comparison that are not primary.
    direction : "as claimed", "opposite" or "open"; empty for claims without one. verdict :
        one of ``decision.VERDICTS``; reason : why it is "open".
    correlation : of the values of equal seeds; empty without pairs. levels : of the loss,
        at which runs are compared at the same loss.
    not_learnt : which runs diverged or stayed at chance, and whether they are left out.
    finished : at the same step, probes left out because they saw a finished run.
    """
    outcomes = tables["outcomes"].set_index(CELL).outcome
    paper_tables = paper_curves.tables(curves)
    rows = []
    for case, name, compared in compared_cases:
        absent = compared.undecided == NOT_MEASURED
        not_learnt = None if absent else describe_untrained(case, outcomes)
        in_paper = name == comparisons.SAME_STEP and not case.claim.place
        rows.append(
            _describe(case)
            | {"comparison": name}
            | _paper_columns(case, paper_tables if in_paper else None)
            | decide(case.claim, case.norms, compared.sample, compared.undecided)
            | {
                "correlation": compared.correlation,
                "levels": compared.levels,
                "not_learnt": not_learnt,
                "finished": compared.finished,
                "figure": case.claim.figure,
            }
        )
    return _correct(pd.DataFrame(rows))


def list_values(compared_cases: Comparisons) -> pd.DataFrame:
    """One row per number that a verdict is computed from: of each run, or of each pair's runs.

    claim, model, subject, comparison : of the verdict, as ``judge`` describes them.
    norm : the subject or the reference; at the same function, the parametrisation.
    seed, value : of the run, in the quantity's unit.
    """
    columns = ["claim", "model", "subject", "comparison", "norm", "seed", "value"]
    rows = [
        (
            case.claim.id,
            case.model,
            case.subject,
            name,
            norm,
            seed,
            unscaled(case.claim, value),
        )
        for case, name, compared in compared_cases
        # None are compared where a case is undecided.
        for norm, values in zip(case.norms, compared.values, strict=False)
        for seed, value in values.items()
    ]
    return pd.DataFrame(rows, columns=columns)


def compare_at_levels(
    claims: list[Claim], tables: Tables, experiment: Experiment
) -> pd.DataFrame:
    """One row per claim that is compared at the same loss, model, subject, and level.

    level : of the training loss, over that of constant outputs. effect, low, high, seeds,
    reference_seeds : as ``judge`` describes them.
    """
    comparison = comparisons.SameLoss(tables, experiment)
    rows = []
    for case in list_cases(claims, experiment, best_rates(tables["history"])):
        if not comparison.applies_to(case.claim):
            continue
        described = _describe(case)
        for level, compared in comparison.compare_at_levels(case).items():
            decided = decide(case.claim, case.norms, compared.sample, None)
            rows.append(
                {key: described[key] for key in LEVEL_KEYS}
                | {"level": level}
                | {key: decided[key] for key in LEVEL_EFFECT}
            )
    return pd.DataFrame(rows, columns=[*LEVEL_KEYS, "level", *LEVEL_EFFECT])


LEVEL_KEYS = ("claim", "statement", "model", "subject", "reference", "lr", "scale")
LEVEL_EFFECT = ("effect", "low", "high", "seeds", "reference_seeds")


def _correct(table: pd.DataFrame) -> pd.DataFrame:
    """Add Holm's correction; primary claims, which are few, need none."""
    families = table[table.primary.isna()].groupby(["topic", "comparison"])
    for name in ("p", "p_direction", "p_opposite"):
        corrected = families[name].transform(lambda p: intervals.holm(p.to_numpy()))
        holm = corrected.reindex(table.index).fillna(table[name])
        column = "holm" + name.removeprefix("p")
        table.insert(table.columns.get_loc(name) + 1, column, holm)
    return table


def _describe(case: Case) -> dict:
    claim = case.claim
    best = [case.rates[norm] for norm in case.norms] if claim.best_lr else []
    return {
        "claim": claim.id,
        "statement": case.statement,
        "primary": claim.primary if case.subject in claim.subjects else None,
        "topic": claim.topic,
        "where": claim.where,
        "architecture": claim.model,
        "model": case.model,
        "subject": case.subject,
        "reference": claim.reference,
        "place": claim.place,
        "lr": claim.lr,
        "best_lrs": " / ".join(f"{rate:g}" for rate in best if rate) or None,
        "quantity": claim.quantity,
        "scale": claim.scale,
        "claimed": claim.range_text,
        "above": claim.above if math.isfinite(claim.above) else None,
        "below": claim.below if math.isfinite(claim.below) else None,
    }


def _paper_columns(case: Case, tables: Tables | None) -> dict:
    """The paper's own number: as the claim states it, or from its curves."""
    claim = case.claim
    columns = {"paper": None, "paper_effect": None, "paper_shows": None}
    if tables is None:
        return columns
    columns["paper"] = claim.paper
    # The paper's number is the architecture's.
    case = dataclasses.replace(case, model=claim.model)
    values = paper_values_per_run(claim.quantity, tables)
    compared = [case.select(values, norm).droplevel("norm") for norm in case.norms]
    if not all(map(len, compared)):
        return columns
    effect = comparisons.compare_runs(case, compared).sample.interval().effect
    if math.isfinite(effect):
        above, below = claim.limits
        columns["paper_effect"] = unscaled(claim, effect)
        columns["paper"] = claim.paper or f"{columns['paper_effect']:.3g}"
        columns["paper_shows"] = "yes" if above < effect < below else "no"
    return columns
