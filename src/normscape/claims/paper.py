"""The paper's digitised curves as tables like our own, so that they are judged alike."""

import numpy as np
import pandas as pd

from normscape.tables import CELL
from normscape.tables.frames import Tables

# The columns of landscape_ranges that the low and the high end of a curve are.
_RANGES = {
    "loss_range": ["loss_low", "loss_high"],
    "gradient_change_range": ["gradient_change_low", "gradient_change_high"],
    "effective_beta": ["effective_beta", "effective_beta"],
}


def tables(curves: pd.DataFrame) -> Tables:
    """``history``, ``runs`` and ``landscape_ranges``, as far as the paper shows them.

    curves : the table ``paper_curves``. The run of each network and norm counts as one
    seed. Losses, of the deep linear network alone, are read at each step; between digitised
    points their logarithms lie on lines. Each point of the landscape is a row of its own,
    in which what its curve does not show is empty.
    """
    curves = curves.assign(seed=0)
    history = pd.concat(
        _at_each_step(curve)
        for _, curve in curves[curves.quantity == "train_loss"].groupby(CELL)
    )
    last = history.groupby(CELL, as_index=False).last()
    runs = last.assign(
        final_loss=last.loss, final_accuracy=np.nan, diverged_at=np.nan, learnt=True
    )
    ranges = pd.concat(
        curves.loc[curves.quantity == quantity, [*CELL, "step"]].assign(
            **dict(zip(columns, _ends(curves, quantity), strict=True))
        )
        for quantity, columns in _RANGES.items()
    )
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


def _ends(curves, quantity):
    rows = curves[curves.quantity == quantity]
    return rows.low, rows.high


def _at_each_step(curve):
    steps = np.arange(curve.step.min(), curve.step.max() + 1)
    losses = np.exp(np.interp(steps, curve.step, np.log(curve.low)))
    columns = {"step": steps, "loss": losses, "accuracy": np.nan, "diverged": 0}
    return pd.DataFrame(curve[CELL].iloc[0].to_dict() | columns)
