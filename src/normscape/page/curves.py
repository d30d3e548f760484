"""The curves that a reader can pick from: means over seeds, with their range."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from normscape.claims.outcomes import add_column, describe_failures
from normscape.claims.quantities import QUANTITIES, Quantity
from normscape.claims.values import values_per_step
from normscape.tables.frames import Tables

# A curve has at most so many points; more are averaged in blocks of steps.
POINTS = 150


def explored(tables: Iterable[str]) -> dict[str, Quantity]:
    """The quantities whose curves a page offers, of those that these tables hold."""
    return {
        name: quantity
        for name, quantity in QUANTITIES.items()
        if quantity.explored and {*quantity.tables} <= {*tables}
    }


def curves(names: Iterable[str], tables: Tables) -> list[dict]:
    """A curve for each quantity of each model, normaliser and learning rate.

    Each has ``step``, ``mean``, ``low`` and ``high`` (over seeds) as lists of equal
    length with four digits, and the number of ``seeds``; ``lr`` is text. A value that is
    unknown or has overflowed is left out. ``not_learnt`` says how many runs stayed at
    chance or diverged, where some did and the tables have the ``outcomes`` of runs.
    """
    found = []
    for name in names:
        rows = values_per_step(name, tables).rename("value").reset_index()
        if "outcomes" in tables:
            rows = add_column(rows, tables["outcomes"])
        found += [{"quantity": name, **curve} for curve in _of_quantity(rows)]
    return found


def _of_quantity(rows: pd.DataFrame) -> Iterator[dict]:
    rows = rows.assign(value=rows.value.replace([np.inf, -np.inf], np.nan))
    groups = rows.dropna(subset="value").groupby(["model", "norm", "lr"], sort=False)
    for (model, norm, lr), group in groups:
        block = math.ceil(group.step.nunique() / POINTS)
        step = group.step // block * block if block > 1 else group.step
        seeds = group.groupby([step, group.seed]).value.mean().unstack()
        yield {
            "model": model,
            "norm": norm,
            "lr": f"{lr:g}",
            **_not_learnt(group),
            "seeds": seeds.shape[1],
            "step": seeds.index.tolist(),
            "mean": _rounded(seeds.mean(axis=1)),
            "low": _rounded(seeds.min(axis=1)),
            "high": _rounded(seeds.max(axis=1)),
        }


def _not_learnt(rows) -> dict[str, str]:
    if "outcome" not in rows:
        return {}
    failures = describe_failures(rows.groupby("seed").outcome.first())
    return {"not_learnt": failures} if failures else {}


def _rounded(values):
    return [float(f"{value:.4g}") for value in values]
