"""The paper's claims, judged from the tables of an experiment.

What is claimed, and the margins that count, stand in a claims file; nothing here
depends on a result. See ``workflow/resources/claims.yaml`` for its keys.
"""

import math

import numpy as np
import pandas as pd
from scipy import stats

from normscape import columns, quantities
from normscape.quantities import QUANTITIES, Tables

CONFIDENCE = 0.95


def judge(claims: dict, tables: Tables, curves: pd.DataFrame, norms) -> pd.DataFrame:
    """A row for each claim and each of its subjects.

    claims : the claims file, read. curves : the paper's digitised curves.
    norms : all normalisers of the experiment; those that no claim names are its own.

    effect : mean over seeds (for ratios, of the logarithms), with its 95 % interval
    low to high from Student's t, in the quantity's unit or as a factor. seeds : how
    many have both runs. verdict : "reproduced", "not reproduced" or "inconclusive";
    reason : why it is the last.
    """
    named = {
        name
        for claim in claims["claims"]
        for name in [*claim["subjects"], claim.get("reference")]
    }
    own = [norm for norm in norms if norm not in named]
    untrained = _Untrained(claims["left_chance"], tables)
    asked = {claim["quantity"] for claim in claims["claims"]}
    measured = {quantity: QUANTITIES[quantity](tables) for quantity in asked}
    rows = []
    for claim in claims["claims"]:
        values = measured[claim["quantity"]]
        paper = quantities.of_paper(claim["quantity"], curves)
        for subject in _subjects(claim, own):
            effects = _effects(claim, subject, values)
            reason = untrained.reason(claim, subject)
            effect, low, high, verdict, reason = _weigh(claim, effects, reason)
            rows.append(
                {
                    "claim": claim["id"],
                    "statement": claim["statement"],
                    "where": claim["where"],
                    "model": claim["model"],
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
    return pd.DataFrame(rows, columns=list(columns.VERDICTS))


def _subjects(claim, own):
    named = [name for name in claim["subjects"] if name != "own"]
    return named + (own if "own" in claim["subjects"] else [])


def _effects(claim, subject, values) -> np.ndarray:
    """The effect of each seed that has all runs it takes; ratios as logarithms."""
    values = values[values.index.get_level_values("model") == claim["model"]]
    if "lr" in claim:
        values = values[np.isclose(values.index.get_level_values("lr"), claim["lr"])]
    asked = [subject, *filter(None, [claim.get("reference")])]
    of_norms = []
    for norm in asked:
        own = values[values.index.get_level_values("norm") == norm]
        seeds = own.index.get_level_values("seed")
        of_norms.append(own.set_axis(seeds)[~seeds.duplicated()])
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

    def __init__(self, rules, tables):
        self.trained = {}
        for model, rule in rules.items():
            ((quantity, limit),) = rule.items()
            values = QUANTITIES[quantity](tables)
            values = values[values.index.get_level_values("model") == model]
            if "above" in limit:
                self.trained[model] = values > limit["above"]
            else:
                keys = list(values.index.names)
                first = tables["history"].groupby(keys).loss.first()
                share = limit["below_share_of_first"]
                self.trained[model] = values < share * first.reindex(values.index)

    def reason(self, claim, subject):
        """Why the claim means nothing here, or None."""
        for norm in claim.get("trained", []):
            norm = subject if norm == "subject" else norm
            runs = self.trained[claim["model"]]
            index = runs.index
            chosen = runs[
                (index.get_level_values("norm") == norm)
                & np.isclose(index.get_level_values("lr"), claim["lr"])
            ]
            if not chosen.all():
                return f"{(~chosen).sum()} of {len(chosen)} runs of {norm} stayed at chance"
        return None


def markdown(verdicts: pd.DataFrame) -> str:
    """The verdicts as a table that reads well in a terminal, too."""
    table = readable(verdicts)
    reasons = [f": {r}" if pd.notna(r) else "" for r in verdicts.reason]
    return f"Verdicts: {counts(verdicts)}\n\n{aligned(table.assign(verdict=table.verdict + reasons))}"


def counts(verdicts: pd.DataFrame) -> str:
    """How many there are of each verdict."""
    found = verdicts.verdict.value_counts()
    return ", ".join(
        f"{found.get(verdict, 0)} {verdict}"
        for verdict in ("reproduced", "not reproduced", "inconclusive")
    )


def readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Columns of text for people, a row a verdict."""
    return pd.DataFrame(
        {
            "claim": verdicts.statement,
            "runs": [
                f"{row.model} {row.subject}"
                + (f" / {row.reference}" if pd.notna(row.reference) else "")
                + (f", lr {row.lr:g}" if pd.notna(row.lr) else "")
                for row in verdicts.itertuples()
            ],
            "claimed": [
                f"{row.comparison} {row.claimed}" for row in verdicts.itertuples()
            ],
            "paper": verdicts.paper.fillna(""),
            "measured [95 %], seeds": [_measured(r) for r in verdicts.itertuples()],
            "verdict": verdicts.verdict,
        }
    )


def _measured(row):
    if pd.isna(row.effect):
        return f"-, {row.seeds}"
    if pd.isna(row.low):
        return f"{row.effect:.3g}, {row.seeds}"
    return f"{row.effect:.3g} [{row.low:.3g}, {row.high:.3g}], {row.seeds}"


def aligned(table: pd.DataFrame) -> str:
    """A Markdown table whose columns are padded to equal width."""
    rows = [list(table), *table.astype(str).to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "".join(
        "| "
        + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        + " |\n"
        for row in rows
    )
