"""Runs that never left chance; a landscape where nothing is learnt says nothing."""

import pandas as pd

from normscape.claims import quantities
from normscape.experiment import Experiment, Model
from normscape.tables import CELL
from normscape.tables.frames import Tables


def left_chance(experiment: Experiment, tables: Tables) -> dict[str, pd.Series]:
    """For each model whether its runs have learnt anything, as the model declares it."""
    return {
        model.name: _of_model(model, tables) for model in experiment.models.values()
    }


def _of_model(model: Model, tables):
    limit = model.left_chance
    values = quantities.of_runs(limit["quantity"], tables)
    values = quantities.select(values, model=model.name)
    if "above" in limit:
        return values > limit["above"]
    first = tables["history"].groupby(CELL).loss.first()
    return values < limit["below_share_of_first"] * first.reindex(values.index)


def reason(trained: pd.Series, claim: dict, subject: str, rate) -> str | None:
    """Why a claim about one model means nothing, or None.

    trained : of the model, as ``left_chance`` gives it. rate : gives the learning rate that
        the claim is about from a normaliser; None stands for all, of which each seed must
        have learnt something at one.
    """
    for norm in claim.get("trained", []):
        norm = subject if norm == "subject" else norm
        lr = rate(norm)
        chosen = quantities.select(trained, norm=norm, lr=lr)
        runs, at = "runs", ""
        if lr is None:
            chosen = chosen.groupby("seed").any()
            runs, at = "seeds", " at all learning rates"
        if not chosen.all():
            found = f"{(~chosen).sum()} of {len(chosen)} {runs} of {norm}"
            return f"{found} diverged or stayed at chance{at}"
    return None
