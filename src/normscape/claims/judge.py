"""Claims, judged from the tables of an experiment.

What is claimed, and the margins that count, stand in claims files; nothing here depends on
a result. ``workflow/schemas/claims.schema.yaml`` describes their keys.
"""

import math

import numpy as np
import pandas as pd
from scipy import stats

from normscape import parts
from normscape.claims import quantities
from normscape.experiment import Experiment
from normscape.tables.frames import Tables

CONFIDENCE = 0.95


def judge(
    claims: list[dict], tables: Tables, curves: pd.DataFrame, experiment: Experiment
) -> pd.DataFrame:
    """A row for each claim, each model of its architecture and each of its subjects.

    claims : as ``declarations.read`` gives them. curves : the paper's digitised curves.

    effect : mean over seeds (for ratios, of the logarithms), with its 95 % interval
    low to high from Student's t, in the quantity's unit or as a factor. seeds : how
    many have both runs; 0 where the experiment does not have them. verdict :
    "reproduced", "not reproduced" or "inconclusive"; reason : why it is the last.
    """
    asked = {claim["quantity"] for claim in claims}
    asked |= {m.left_chance["quantity"] for m in experiment.models.values()}
    measured = {name: quantities.of_runs(name, tables) for name in asked}
    untrained = _Untrained(experiment, measured, tables)
    rows = []
    for claim in claims:
        paper = quantities.of_paper(claim["quantity"], curves)
        models = [m.name for m in experiment.models_of(claim["model"])]
        for model in models or [claim["model"]]:
            values = measured[claim["quantity"]]
            values = values[values.index.get_level_values("model") == model]
            for subject in _subjects(claim, experiment):
                effects = _effects(claim, subject, values)
                reason = untrained.reason(claim, model, subject)
                effect, low, high, verdict, reason = _weigh(claim, effects, reason)
                rows.append(
                    {
                        "claim": claim["id"],
                        "statement": _statement(claim, subject, model, models),
                        "where": claim["where"],
                        "model": model,
                        "subject": subject,
                        "reference": claim.get("reference"),
                        "lr": claim.get("lr"),
                        "quantity": claim["quantity"],
                        "comparison": claim["comparison"],
                        "claimed": _claimed(claim),
                        "paper": _paper(claim, subject, paper),
                        "effect": effect,
                        "low": low,
                        "high": high,
                        "seeds": len(effects),
                        "verdict": verdict,
                        "reason": reason,
                        "figure": claim["figure"],
                    }
                )
    return pd.DataFrame(rows)


def _subjects(claim, experiment):
    """Those of the claim, and those that its file does not name if it applies to all."""
    others = [norm for norm in experiment.norms if norm not in claim["named"]]
    return claim["subjects"] + (others if claim.get("applies_to") == "all" else [])


def _statement(claim, subject, model, models):
    label = parts.declaration("norms", subject).get("label", subject)
    of_which = f" ({model})" if len(models) > 1 else ""
    return claim["statement"].format(subject=label) + of_which


def _effects(claim, subject, values) -> np.ndarray:
    """The effect of each seed that has all runs it takes; ratios as logarithms."""
    if "lr" in claim:
        values = values[np.isclose(values.index.get_level_values("lr"), claim["lr"])]
    asked = [subject, *filter(None, [claim.get("reference")])]
    of_norms = []
    for norm in asked:
        own = values[values.index.get_level_values("norm") == norm]
        # Without a learning rate, the mean over all.
        by_seed = own.groupby(own.index.get_level_values("seed"))
        of_norms.append(by_seed.agg(lambda some: some.mean(skipna=False)))
    # Only a run that is not there is left out; what a run could not give stays NaN.
    both = pd.concat(of_norms, axis="columns", join="inner").to_numpy().T
    if claim["comparison"] == "value":
        return both[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        if claim["comparison"] == "ratio":
            return np.log(both[0]) - np.log(both[1])
        return both[0] - both[1]


def _weigh(claim, effects, reason):
    """(effect, low, high, verdict, reason) of a claim's effects over seeds."""
    back = np.exp if claim["comparison"] == "ratio" else float
    if len(effects) == 0:
        return math.nan, math.nan, math.nan, "inconclusive", "not in this experiment"
    if not np.isfinite(effects).all():
        reason = reason or "a run diverged or overflowed"
        return math.nan, math.nan, math.nan, "inconclusive", reason
    mean = effects.mean()
    if len(effects) < 2:
        reason = reason or "one seed gives no interval"
        return back(mean), math.nan, math.nan, "inconclusive", reason
    error = stats.sem(effects)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(effects) - 1) * error
    low, high = back(mean - half), back(mean + half)
    verdict = "inconclusive"
    if not reason:
        verdict = _verdict(claim["claimed"], low, high)
        if verdict == "inconclusive":
            reason = "the interval reaches over the limit"
    return back(mean), low, high, verdict, reason


def _verdict(claimed, low, high):
    above = claimed.get("above", -math.inf)
    below = claimed.get("below", math.inf)
    if above < low and high < below:
        return "reproduced"
    if high <= above or low >= below:
        return "not reproduced"
    return "inconclusive"


def _claimed(claim) -> str:
    sign = {"above": ">", "below": "<"}
    return " and ".join(f"{sign[key]} {v:g}" for key, v in claim["claimed"].items())


def _paper(claim, subject, paper):
    """The paper's own number: as the claim states it, or from its curves."""
    if "paper" in claim:
        return claim["paper"]
    asked = [(claim["model"], n) for n in (subject, claim.get("reference"))]
    if claim["comparison"] != "ratio" or not all(key in paper for key in asked):
        return None
    return f"{paper[asked[0]] / paper[asked[1]]:.3g}"


class _Untrained:
    """Runs that never left chance; a landscape where nothing is learnt says nothing."""

    def __init__(self, experiment, measured, tables):
        self.trained = {}
        for model in experiment.models.values():
            limit = model.left_chance
            values = measured[limit["quantity"]]
            values = values[values.index.get_level_values("model") == model.name]
            if "above" in limit:
                self.trained[model.name] = values > limit["above"]
            else:
                keys = list(values.index.names)
                first = tables["history"].groupby(keys).loss.first()
                share = limit["below_share_of_first"]
                self.trained[model.name] = values < share * first.reindex(values.index)

    def reason(self, claim, model, subject):
        """Why the claim means nothing here, or None."""
        for norm in claim.get("trained", []) if model in self.trained else []:
            norm = subject if norm == "subject" else norm
            runs = self.trained[model]
            index = runs.index
            chosen = runs[
                (index.get_level_values("norm") == norm)
                & np.isclose(index.get_level_values("lr"), claim["lr"])
            ]
            if not chosen.all():
                return f"{(~chosen).sum()} of {len(chosen)} runs of {norm} stayed at chance"
        return None
