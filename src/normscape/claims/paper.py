"""The paper's digitised curves as tables like our own, so that they are judged alike."""

import math

import numpy as np
import pandas as pd

from normscape.tables import CELL
from normscape.tables.frames import Tables


def tables(curves: pd.DataFrame, steps: float = math.inf) -> Tables:
    """``history``, ``runs`` and ``landscape_ranges``, as far as the paper shows them.

    curves : the table ``paper_curves``. The run of each network and norm counts as one
    seed. steps : of training, where only the first of the paper's are wanted. Losses, of
    the deep linear network alone, are read at each step, and effective betas at the steps of
    the other curves: points that lie on a line are left out of the paper's figures, so
    between digitised ones the logarithms lie on lines. Each point of the landscape is a row
    of its own, in which what its curve does not show is empty.
    """
    curves = curves.assign(seed=0)
    history = pd.concat(
        _at_each_step(curve)
        for _, curve in curves[curves.quantity == "train_loss"].groupby(CELL)
    )
    history = history[history.step < steps]
    last = history.groupby(CELL, as_index=False).last()
    runs = last.assign(
        final_loss=last.loss, final_accuracy=np.nan, diverged_at=np.nan, learnt=True
    )
    ranges = pd.concat(
        _ranges(cell, of_cell) for cell, of_cell in curves.groupby(CELL, sort=False)
    )
    ranges = ranges[ranges.step <= steps]
    ranges = ranges.assign(direction="gradient", draw=0, gradient_norm=np.nan)
    return {"history": history, "runs": runs, "landscape_ranges": ranges}


def of_quantity(declared: dict, tables: Tables) -> Tables:
    """The tables with only those points that a declared quantity can be read from.

    An empty value is one that the paper does not show; in our own it has overflowed.
    """
    name = declared["tables"][0]
    if "value" not in declared or name not in tables:
        return tables
    table = tables[name]
    return tables | {name: table[table.eval(declared["value"]).notna()]}


def _ranges(cell, curves):
    """The points of one run's landscape."""
    ends = {
        quantity: curves[curves.quantity == quantity]
        for quantity in ("loss_range", "gradient_change_range", "effective_beta")
    }
    loss, change, beta = ends.values()
    points = (
        {"step": loss.step, "loss_low": loss.low, "loss_high": loss.high},
        {
            "step": change.step,
            "gradient_change_low": change.low,
            "gradient_change_high": change.high,
        },
        {"step": change.step, "effective_beta": _between(beta, change.step)},
    )
    rows = pd.concat(pd.DataFrame(columns) for columns in points)
    return rows.assign(**dict(zip(CELL, cell, strict=True)))


def _at_each_step(curve):
    steps = np.arange(curve.step.min(), curve.step.max() + 1)
    losses = _between(curve, steps)
    columns = {"step": steps, "loss": losses, "accuracy": np.nan, "diverged": 0}
    return pd.DataFrame(curve[CELL].iloc[0].to_dict() | columns)


def _between(curve, steps):
    """The curve at these steps, its logarithms on lines between its points."""
    if curve.empty:
        return np.full(len(steps), np.nan)
    return np.exp(np.interp(steps, curve.step, np.log(curve.low)))
