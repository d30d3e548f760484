"""Outcomes of runs: learnt, at chance, or diverged."""

import pandas as pd

from normscape.experiment import Model
from normscape.tables import CELL

LEARNT, AT_CHANCE, DIVERGED = "learnt", "at chance", "diverged"
# How sentences describe runs with another outcome than ``LEARNT``.
FAILURES = {AT_CHANCE: "stayed at chance", DIVERGED: "diverged"}


def determine(model: Model, runs: pd.DataFrame, history: pd.DataFrame) -> pd.Series:
    """The outcome of each run of a model, indexed by ``CELL``.

    Whether a run has learnt anything, the model declares as ``left_chance``: a column of
    the table ``runs``, and a limit.
    """
    runs = runs[runs.model == model.name].set_index(CELL)
    limit = model.left_chance
    values = runs[limit["quantity"]]
    if "above" in limit:
        learnt = values > limit["above"]
    else:
        first = history.groupby(CELL).loss.first()
        learnt = values < limit["below_share_of_first"] * first.reindex(values.index)
    outcomes = learnt.map({True: LEARNT, False: AT_CHANCE})
    return outcomes.mask(runs.diverged_at.notna(), DIVERGED).rename("outcome")


def add_column(table: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """A table of runs with the column ``outcome``; other tables as they are.

    A run that the table ``outcomes`` does not have counts as ``LEARNT``.
    """
    if not {*CELL} <= {*table}:
        return table
    runs = pd.MultiIndex.from_frame(table[CELL])
    outcome = outcomes.set_index(CELL).outcome.reindex(runs).fillna(LEARNT)
    return table.assign(outcome=outcome.to_numpy())


def describe_failures(outcomes: pd.Series, runs: str = "runs") -> str:
    """How many runs have not learnt, and why; empty where all have.

    >>> describe_failures(pd.Series(["at chance", "learnt", "diverged"]))
    '2 of 3 runs stayed at chance or diverged'
    >>> describe_failures(pd.Series(["learnt"]))
    ''
    """
    count = (outcomes != LEARNT).sum()
    how = " or ".join(
        text for outcome, text in FAILURES.items() if outcome in {*outcomes}
    )
    return f"{count} of {len(outcomes)} {runs} {how}" if count else ""
