"""The curves that a reader can pick from: means over seeds, with their range."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

# A curve has at most so many points; more are averaged in blocks of steps.
POINTS = 150

# By name: the axis, the table, and the column or a function of it.
QUANTITIES = {
    "loss": ("Training loss", "history", "loss"),
    "accuracy": ("Training accuracy", "history", "accuracy"),
    "test_accuracy": ("Test accuracy", "evaluation", "test_accuracy"),
    "gradient_norm": ("Norm of the gradient", "history", "gradient_norm"),
    "loss_range": (
        "Range of the loss along the gradient",
        "landscape_ranges",
        lambda table: table.loss_high - table.loss_low,
    ),
    "gradient_change": (
        "Largest change of the gradient along it",
        "landscape_ranges",
        "gradient_change_high",
    ),
    "effective_beta": ("Effective beta", "landscape_ranges", "effective_beta"),
    "ics_l2": (
        "Internal covariate shift: L2 difference, mean over layers",
        "ics",
        "l2_difference",
    ),
    "ics_cosine": (
        "Internal covariate shift: cosine, mean over layers",
        "ics",
        "cosine",
    ),
}
TABLES = sorted({table for _, table, _ in QUANTITIES.values()})


def curves(tables: dict[str, pd.DataFrame]) -> list[dict]:
    """A curve for each quantity of each model, normaliser and learning rate.

    Each has ``step``, ``mean``, ``low`` and ``high`` (over seeds) as lists of equal
    length with four digits, and the number of ``seeds``; ``lr`` is text. What diverged has no value, and
    a point without any is left out.
    """
    return [
        {"quantity": name, **curve}
        for name, (_, table, value) in QUANTITIES.items()
        for curve in _of_quantity(_relevant(tables[table]), value)
    ]


def _relevant(table):
    if "direction" in table:
        return table[table.direction == "gradient"]
    # Of the first layer, G and G' are equal by definition.
    return table[table.layer > 1] if "layer" in table else table


def _of_quantity(table, value) -> Iterator[dict]:
    values = value(table) if callable(value) else table[value]
    table = table.assign(value=values.replace([np.inf, -np.inf], np.nan))
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
            "seeds": seeds.shape[1],
            "step": seeds.index.tolist(),
            "mean": _rounded(seeds.mean(axis=1)),
            "low": _rounded(seeds.min(axis=1)),
            "high": _rounded(seeds.max(axis=1)),
        }


def _rounded(values):
    return [float(f"{value:.4g}") for value in values]
