"""Claims, judged from the tables of an experiment.

Claims and their limits stand in files of claims; nothing here depends on a result.
"""

import dataclasses
import math

import pandas as pd

from normscape.claims import comparisons, exclusions, intervals, paper_curves
from normscape.claims.cases import Case, list_cases
from normscape.claims.claim import Claim
from normscape.claims.comparisons import NOT_MEASURED
from normscape.claims.decision import decide, unscaled
from normscape.claims.values import best_rates, paper_values_per_run
from normscape.experiment import Experiment
from normscape.tables import CELL
from normscape.tables.frames import Tables


def judge(
    claims: list[Claim], tables: Tables, curves: pd.DataFrame, experiment: Experiment
) -> pd.DataFrame:
    """One row per claim, model of its architecture, subject, and comparison.

    tables : with ``outcomes``. curves : the paper's digitised curves.

    above, below : the claimed range. lr : the claim's; best_lrs : those of subject and
        reference as text, where the claim is about each normaliser's best rate.
    place : the normaliser whose checkpoints are compared, or started from; or empty.
    comparison : "same step", or "same loss" for quantities that are compared so, too; or
        "same function".
    paper : the paper's own number as text; paper_effect : the effect in its curves;
        paper_shows : whether that lies in the range, yes or no. All are at the same step.
    effect, low, high : over seeds with their 95% interval, in the quantity's unit or as a
        ratio. method : of the interval, see ``intervals.Interval``. seeds : how many have
        all runs; 0 where the experiment does not have them, and such a claim has no
        further rows.
    p : one-sided, of the claim; holm : corrected for all comparisons of its topic.
    verdict : "reproduced", "not reproduced" or "inconclusive"; reason : why the last.
    not_learnt : which of the compared runs diverged or stayed at chance, or empty; where
        that is why the runs are not compared, the reason.
    finished : at the same step, probes left out because they saw a finished run.
    """
    kinds = (
        comparisons.SameStep(tables),
        comparisons.SameLoss(tables, experiment),
        comparisons.SameFunction(tables),
    )
    outcomes = tables["outcomes"].set_index(CELL).outcome
    paper_tables = paper_curves.tables(curves)
    rows = []
    for case in list_cases(claims, experiment, best_rates(tables)):
        excluded = exclusions.exclude(case, outcomes)
        not_learnt = excluded or exclusions.describe_untrained(case, outcomes)
        for comparison in kinds:
            if not comparison.applies_to(case.claim):
                continue
            effects = comparison.effects(case)
            undecided = excluded or effects.undecided
            if effects.undecided == NOT_MEASURED:
                undecided = NOT_MEASURED
            decision = decide(case.claim, effects.values, undecided)
            in_paper = comparison.name == comparisons.SAME_STEP and not case.claim.place
            rows.append(
                _describe(case)
                | {"comparison": comparison.name}
                | _paper_columns(case, paper_tables if in_paper else None)
                | decision
                | {"not_learnt": not_learnt, "finished": effects.finished}
                | {"figure": case.claim.figure}
            )
            if undecided == NOT_MEASURED:
                break
    table = pd.DataFrame(rows)
    families = table.groupby(["topic", "comparison"])
    corrected = families.p.transform(lambda p: intervals.holm(p.to_numpy()))
    table.insert(table.columns.get_loc("p") + 1, "holm", corrected)
    return table


def _describe(case: Case) -> dict:
    claim = case.claim
    best = [case.rates[norm] for norm in case.norms] if claim.best_lr else []
    return {
        "claim": claim.id,
        "statement": case.statement,
        "topic": claim.topic,
        "where": claim.where,
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
    effects = comparisons.scaled_effects(
        claim.scale, comparisons.seed_values(case, values)
    )
    if len(effects) and math.isfinite(effects[0]):
        above, below = claim.limits
        columns["paper_effect"] = unscaled(claim, effects[0])
        columns["paper"] = claim.paper or f"{columns['paper_effect']:.3g}"
        columns["paper_shows"] = "yes" if above < effects[0] < below else "no"
    return columns
