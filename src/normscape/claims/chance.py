"""Runs that never left chance; a landscape where nothing is learnt says nothing."""

import pandas as pd

from normscape.claims import quantities
from normscape.experiment import Experiment, Model
from normscape.tables import CELL
from normscape.tables.frames import Tables

LEARNT, AT_CHANCE, DIVERGED = "learnt", "at chance", "diverged"
# What is said of runs with an outcome other than ``LEARNT``.
SAID = {AT_CHANCE: "stayed at chance", DIVERGED: "diverged"}


def mark(tables: Tables, of_models: dict[str, pd.Series]) -> Tables:
    """The tables, ``runs`` with a column ``learnt`` of these ``outcomes``."""
    outcome = pd.concat(of_models.values())
    runs = tables["runs"]
    learnt = outcome.reindex(pd.MultiIndex.from_frame(runs[CELL])).to_numpy() == LEARNT
    return tables | {"runs": runs.assign(learnt=learnt)}


def outcomes(experiment: Experiment, tables: Tables) -> dict[str, pd.Series]:
    """For each model whether its runs have learnt anything, as the model declares it.

    Series of ``LEARNT``, ``AT_CHANCE`` or ``DIVERGED``, indexed by (model, norm, lr, seed).
    """
    return {
        model.name: _of_model(model, tables) for model in experiment.models.values()
    }


def _of_model(model: Model, tables):
    limit = model.left_chance
    values = quantities.of_runs(limit["quantity"], tables)
    values = quantities.select(values, model=model.name)
    if "above" in limit:
        learnt = values > limit["above"]
    else:
        first = tables["history"].groupby(CELL).loss.first()
        learnt = values < limit["below_share_of_first"] * first.reindex(values.index)
    diverged = tables["runs"].set_index(CELL).diverged_at.reindex(values.index).notna()
    return learnt.map({True: LEARNT, False: AT_CHANCE}).mask(diverged, DIVERGED)


def as_table(of_models: dict[str, pd.Series]) -> pd.DataFrame:
    """The table ``outcomes``: a row per run, with its outcome."""
    return pd.concat(of_models.values()).rename("outcome").reset_index()


def label(tables: Tables) -> Tables:
    """The tables except ``outcomes``, whose column each table of runs now has.

    A run that ``outcomes`` does not know counts as ``LEARNT``.
    """
    outcome = tables["outcomes"].set_index(CELL).outcome
    labelled = {}
    for name, table in tables.items():
        if name != "outcomes" and {*CELL} <= {*table}:
            cells = pd.MultiIndex.from_frame(table[CELL])
            of_rows = outcome.reindex(cells).fillna(LEARNT)
            table = table.assign(outcome=of_rows.to_numpy())
        labelled[name] = table
    del labelled["outcomes"]
    return labelled


def failures(outcomes: pd.Series) -> str:
    """What is said of runs of which some have not learnt; empty where all have.

    >>> failures(pd.Series(["at chance", "learnt", "diverged"]))
    '2 of 3 runs stayed at chance or diverged'
    >>> failures(pd.Series(["learnt"]))
    ''
    """
    count = (outcomes != LEARNT).sum()
    how = " or ".join(said for outcome, said in SAID.items() if outcome in {*outcomes})
    return f"{count} of {len(outcomes)} runs {how}" if count else ""


def remark(of_model: pd.Series, norms: list[str], rate) -> str | None:
    """Which runs of a claim have not learnt, or None; arguments as of ``reason``."""
    of_norms = _compared(of_model, norms, norms, rate)
    said = [
        failures(found).replace(" runs ", f" runs of {norm} ", 1)
        for norm, found in of_norms.items()
    ]
    return "; ".join(filter(None, said)) or None


def reason(of_model: pd.Series, claim: dict, norms: list[str], rate) -> str | None:
    """Why a claim about one model means nothing, or None.

    of_model : its ``outcomes``. norms : the subject, and what it is compared with. rate :
        gives the learning rate that the claim is about from a normaliser; None stands for
        all, of which each seed must have learnt something at one.

    Only seeds count that are compared. At a learning rate, a reference that diverges is no
    reason: that is what the claim is about, and its values count as infinite.
    """
    said = []
    trained = [norms[0] if n == "subject" else n for n in claim.get("trained", [])]
    for norm, found in _compared(of_model, norms, trained, rate).items():
        failed, runs = found != LEARNT, "runs"
        how = "diverged or stayed at chance"
        if rate(norm) is None:
            failed, runs = failed.groupby("seed").all(), "seeds"
            how += " at all learning rates"
        elif norm in norms[1:]:
            failed, how = found == AT_CHANCE, "stayed at chance"
        if failed.any():
            said.append(f"{failed.sum()} of {len(failed)} {runs} of {norm} {how}")
    return "; ".join(said) or None


def _compared(of_model, norms, wanted, rate) -> dict[str, pd.Series]:
    """By each wanted norm the outcomes of its runs of seeds that all of ``norms`` have."""
    of_norms = {
        norm: quantities.select(of_model, norm=norm, lr=rate(norm))
        for norm in [*norms, *wanted]
    }
    compared = set.intersection(*(set(_seeds(of_norms[norm])) for norm in norms))
    return {
        norm: of_norms[norm][_seeds(of_norms[norm]).isin(compared)] for norm in wanted
    }


def _seeds(of_runs: pd.Series) -> pd.Index:
    return of_runs.index.get_level_values("seed")
