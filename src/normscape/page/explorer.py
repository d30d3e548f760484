"""The explorer's curves: means over seeds with their range, which a reader can pick from."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from normscape.claims import chance
from normscape.claims.quantities import of_rows
from normscape.experiment import Norm
from normscape.tables.frames import Tables

# Longer curves are averaged in blocks of steps.
MAX_POINTS = 150


def curves(quantities: dict[str, dict], tables: Tables) -> list[dict]:
    """One curve per declared quantity, model, normaliser and learning rate.

    Each has ``step``, ``mean``, ``low`` and ``high`` (over seeds) as lists of equal
    length with four digits, and the number of ``seeds``; ``lr`` is text. A run's rows of
    one step are averaged. Values that are not finite are left out, and so are points
    without values. ``not_learnt`` says how many runs stayed at chance or diverged, where
    some did and the tables have the ``outcome`` of runs.
    """
    return [
        {"quantity": name, **curve}
        for name, declared in quantities.items()
        for curve in _curves_of_quantity(of_rows(declared, tables))
    ]


def _curves_of_quantity(table) -> Iterator[dict]:
    table = table.assign(value=table.value.replace([np.inf, -np.inf], np.nan))
    for (model, norm, lr), rows in table.groupby(["model", "norm", "lr"], sort=False):
        rows = rows.dropna(subset="value")
        if rows.empty:
            continue
        block = math.ceil(rows.step.nunique() / MAX_POINTS)
        step = rows.step // block * block if block > 1 else rows.step
        seeds = rows.groupby([step, rows.seed]).value.mean().unstack()
        yield {
            "model": model,
            "norm": norm,
            "lr": f"{lr:g}",
            **_failures(rows),
            "seeds": seeds.shape[1],
            "step": seeds.index.tolist(),
            "mean": _round(seeds.mean(axis=1)),
            "low": _round(seeds.min(axis=1)),
            "high": _round(seeds.max(axis=1)),
        }


def _failures(rows) -> dict[str, str]:
    if "outcome" not in rows:
        return {}
    text = chance.failures(rows.groupby("seed").outcome.first())
    return {"not_learnt": text} if text else {}


def _round(values):
    return [float(f"{value:.4g}") for value in values]


def data(curves: list[dict], norms: list[Norm], quantities: dict[str, dict]) -> dict:
    """The data that ``explorer.js`` reads, from the curves of one or two experiments."""
    return {
        "norms": [dataclasses.asdict(norm) for norm in norms],
        "quantities": [
            {"name": name, "label": quantity["label"]}
            for name, quantity in quantities.items()
        ],
        "curves": curves,
    }
