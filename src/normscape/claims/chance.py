"""Runs that never left chance; a landscape where nothing is learnt says nothing."""

import pandas as pd

from normscape.claims import quantities
from normscape.experiment import Experiment, Model
from normscape.tables import CELL
from normscape.tables.frames import Tables

LEARNT, AT_CHANCE, DIVERGED = "learnt", "at chance", "diverged"


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


def reason(of_model: pd.Series, claim: dict, norms: list[str], rate) -> str | None:
    """Why a claim about one model means nothing, or None.

    of_model : its ``outcomes``. norms : the subject, and what it is compared with. rate :
        gives the learning rate that the claim is about from a normaliser; None stands for
        all, of which each seed must have learnt something at one.

    Only seeds count that are compared. At a learning rate, a reference that diverges is no
    reason: that is what the claim is about, and its values count as infinite.
    """
    trained = [norms[0] if n == "subject" else n for n in claim.get("trained", [])]
    of_norms = {
        norm: quantities.select(of_model, norm=norm, lr=rate(norm))
        for norm in {*norms, *trained}
    }
    compared = set.intersection(*(set(_seeds(of_norms[norm])) for norm in norms))
    for norm in trained:
        found = of_norms[norm]
        found = found[_seeds(found).isin(compared)]
        failed, runs = found != LEARNT, "runs"
        how = "diverged or stayed at chance"
        if rate(norm) is None:
            failed, runs = failed.groupby("seed").all(), "seeds"
            how += " at all learning rates"
        elif norm in norms[1:]:
            failed, how = found == AT_CHANCE, "stayed at chance"
        if failed.any():
            return f"{failed.sum()} of {len(failed)} {runs} of {norm} {how}"
    return None


def _seeds(of_runs: pd.Series) -> pd.Index:
    return of_runs.index.get_level_values("seed")
