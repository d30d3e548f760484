"""Cases that decide nothing, because runs have not learnt.

A landscape where nothing is learnt is flat, which says nothing about a normaliser.
"""

import pandas as pd

from normscape.claims.cases import Case
from normscape.claims.outcomes import AT_CHANCE, LEARNT, describe_failures


def describe_untrained(case: Case, outcomes: pd.Series) -> str | None:
    """Which of the compared runs have not learnt, or None.

    outcomes : of all runs, indexed by (model, norm, lr, seed).
    """
    compared = _compared_runs(case, outcomes)
    texts = [describe_failures(compared[n], f"runs of {n}") for n in case.trained_norms]
    return "; ".join(filter(None, texts)) or None


def exclude(case: Case, outcomes: pd.Series) -> str | None:
    """Why the runs of a case can't be compared, or None; outcomes as above.

    The runs of the normalisers that a claim lists as ``trained`` must have learnt: at the
    claim's learning rate, or, for a claim about all rates, at one rate per seed. At a
    learning rate, a reference that diverges is no reason: the claim is about that, and the
    values of such a run count as infinite.
    """
    compared = _compared_runs(case, outcomes)
    texts = []
    for norm in case.trained:
        failed, runs = compared[norm] != LEARNT, "runs"
        how = "diverged or stayed at chance"
        if case.rates[norm] is None:
            failed, runs = failed.groupby("seed").all(), "seeds"
            how += " at all learning rates"
        elif norm in case.norms[1:]:
            failed, how = compared[norm] == AT_CHANCE, "stayed at chance"
        if failed.any():
            texts.append(f"{failed.sum()} of {len(failed)} {runs} of {norm} {how}")
    return "; ".join(texts) or None


def _compared_runs(case, outcomes) -> dict[str, pd.Series]:
    """By normaliser the outcomes of its runs of those seeds that all of the norms have."""
    runs = {
        norm: case.select(outcomes, norm)
        for norm in [*case.trained_norms, *case.trained]
    }
    seeds = set.intersection(*(set(_seeds(runs[norm])) for norm in case.trained_norms))
    return {norm: rows[_seeds(rows).isin(seeds)] for norm, rows in runs.items()}


def _seeds(values: pd.Series) -> pd.Index:
    return values.index.get_level_values("seed")
