"""Which runs a claim is about, because they have learnt.

A landscape where nothing is learnt is flat, which says nothing about a normaliser. So the
runs of the normalisers that a claim lists as ``trained`` are left out if they stayed at
chance or diverged. The others are compared, if enough are left (``decision.RUNS``).
"""

import pandas as pd

from normscape.claims.cases import Case
from normscape.claims.outcomes import LEARNT, describe_failures


def describe_untrained(case: Case, outcomes: pd.Series) -> str | None:
    """Which of the compared runs have not learnt, and whether they are left out; or None.

    outcomes : of all runs, indexed by (model, norm, lr, seed).
    """
    texts = []
    for norm in case.trained_norms:
        runs = case.select(outcomes, norm)
        if text := describe_failures(runs, f"runs of {norm}"):
            texts.append(text + (", left out" if norm in case.trained else ""))
    return "; ".join(texts) or None


def keep_learnt(
    values: pd.Series | pd.DataFrame, norm: str, case: Case, outcomes: pd.Series
) -> pd.Series | pd.DataFrame:
    """The values of those seeds whose run has learnt, where the claim asks for that.

    values : of the case's runs of a normaliser or, at the same function, of a
    parametrisation. outcomes : as above. Where a claim names no learning rate, a seed
    counts that has learnt at one.
    """
    if case.at_same_function:
        norm = case.claim.place
    if norm not in case.trained:
        return values
    learnt = case.select(outcomes, norm) == LEARNT
    seeds = learnt.groupby("seed").any()
    return values[values.index.get_level_values("seed").isin(seeds.index[seeds])]
