"""The curves that a reader can pick from: means over seeds, with their range."""

import math
from collections.abc import Iterator

import numpy as np

from normscape.claims import chance
from normscape.claims.quantities import of_rows
from normscape.tables.frames import Tables

# A curve has at most so many points; more are averaged in blocks of steps.
POINTS = 150


def curves(quantities: dict[str, dict], tables: Tables) -> list[dict]:
    """A curve for each declared quantity of each model, normaliser and learning rate.

    Each has ``step``, ``mean``, ``low`` and ``high`` (over seeds) as lists of equal
    length with four digits, and the number of ``seeds``; ``lr`` is text. A run's rows of
    one step are averaged. What diverged has no value, and a point without any is left out.
    ``not_learnt`` says how many runs stayed at chance or diverged, where some did and the
    tables have the ``outcome`` of runs.
    """
    return [
        {"quantity": name, **curve}
        for name, declared in quantities.items()
        for curve in _of_quantity(of_rows(declared, tables))
    ]


def _of_quantity(table) -> Iterator[dict]:
    table = table.assign(value=table.value.replace([np.inf, -np.inf], np.nan))
    for (model, norm, lr), rows in table.groupby(["model", "norm", "lr"], sort=False):
        rows = rows.dropna(subset="value")
        if rows.empty:
            continue
        block = math.ceil(rows.step.nunique() / POINTS)
        step = rows.step // block * block if block > 1 else rows.step
        seeds = rows.groupby([step, rows.seed]).value.mean().unstack()
        yield {
            "model": model,
            "norm": norm,
            "lr": f"{lr:g}",
            **_not_learnt(rows),
            "seeds": seeds.shape[1],
            "step": seeds.index.tolist(),
            "mean": _rounded(seeds.mean(axis=1)),
            "low": _rounded(seeds.min(axis=1)),
            "high": _rounded(seeds.max(axis=1)),
        }


def _not_learnt(rows) -> dict[str, str]:
    if "outcome" not in rows:
        return {}
    said = chance.failures(rows.groupby("seed").outcome.first())
    return {"not_learnt": said} if said else {}


def _rounded(values):
    return [float(f"{value:.4g}") for value in values]
