"""The explorer's curves: means over seeds with their range, which a reader can pick from."""

import dataclasses
import math
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from normscape.claims.outcomes import add_column, describe_failures
from normscape.claims.quantities import QUANTITIES, Quantity
from normscape.claims.values import values_per_step
from normscape.experiment import Norm
from normscape.tables.frames import Tables
from normscape.tables.rows import DIGITS

# Longer curves are averaged in blocks of steps.
MAX_POINTS = 150


def explored(tables: Iterable[str]) -> dict[str, Quantity]:
    """The quantities whose curves a page offers, among those that these tables hold."""
    return {
        name: quantity
        for name, quantity in QUANTITIES.items()
        if quantity.explored and {*quantity.tables} <= {*tables}
    }


def curves(names: Iterable[str], tables: Tables) -> list[dict]:
    """One curve per quantity, model, normaliser and learning rate.

    Each has ``step``, ``mean``, ``low`` and ``high`` (over seeds) as lists of equal
    length with four digits, and the number of ``seeds``; ``lr`` is text. Values that are
    not finite are left out, and so are points without values. ``not_learnt`` says how many
    runs stayed at chance or diverged, where some did and the tables have the ``outcomes``
    of runs.
    """
    every = []
    for name in names:
        rows = values_per_step(name, tables).rename("value").reset_index()
        if "outcomes" in tables:
            rows = add_column(rows, tables["outcomes"])
        every += [{"quantity": name, **curve} for curve in _curves_of_quantity(rows)]
    return every


def _curves_of_quantity(rows: pd.DataFrame) -> Iterator[dict]:
    rows = rows.assign(value=rows.value.replace([np.inf, -np.inf], np.nan))
    groups = rows.dropna(subset="value").groupby(["model", "norm", "lr"], sort=False)
    for (model, norm, lr), group in groups:
        block = math.ceil(group.step.nunique() / MAX_POINTS)
        step = group.step // block * block if block > 1 else group.step
        seeds = group.groupby([step, group.seed]).value.mean().unstack()
        yield {
            "model": model,
            "norm": norm,
            "lr": f"{lr:.{DIGITS}g}",
            **_failures(group),
            "seeds": seeds.shape[1],
            "step": seeds.index.tolist(),
            "mean": _round(seeds.mean(axis=1)),
            "low": _round(seeds.min(axis=1)),
            "high": _round(seeds.max(axis=1)),
        }


def _failures(rows) -> dict[str, str]:
    if "outcome" not in rows:
        return {}
    failures = describe_failures(rows.groupby("seed").outcome.first())
    return {"not_learnt": failures} if failures else {}


def _round(values):
    return [float(f"{value:.4g}") for value in values]


def data(
    curves: list[dict], norms: list[Norm], quantities: dict[str, Quantity]
) -> dict:
    """The data that ``explorer.js`` reads, from the curves of one or two experiments."""
    return {
        "norms": [dataclasses.asdict(norm) for norm in norms],
        "quantities": [
            {"name": name, "label": quantity.label}
            for name, quantity in quantities.items()
        ],
        "curves": curves,
    }
