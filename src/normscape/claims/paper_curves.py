"""The paper's digitised curves as tables like our own, so that both are evaluated alike."""

import math

import numpy as np
import pandas as pd

from normscape.claims.outcomes import LEARNT
from normscape.tables import CELL
from normscape.tables.frames import Tables


def tables(curves: pd.DataFrame, steps: float = math.inf) -> Tables:
    """``history``, ``runs``, ``outcomes`` and ``landscape_ranges``, as the paper shows them.

    curves : the table ``paper_curves``. The run of each network and norm counts as one
    seed. steps : of training, where only the first of the paper's are wanted. Losses, of
    the deep linear network alone, are read at each step, and effective betas at the steps of
    the other curves: points that lie on a line are left out of the paper's figures, so
    between digitised ones the logarithms lie on lines. A value that the paper does not show
    at a step is empty.
    """
    curves = curves.assign(seed=0)
    history = pd.concat(
        _at_each_step(curve)
        for _, curve in curves[curves.quantity == "train_loss"].groupby(CELL)
    )
    history = history[history.step < steps]
    last = history.groupby(CELL, as_index=False).last()
    runs = last.assign(final_loss=last.loss, final_accuracy=np.nan, diverged_at=np.nan)
    ranges = pd.concat(
        _ranges(cell, rows) for cell, rows in curves.groupby(CELL, sort=False)
    )
    ranges = ranges[ranges.step <= steps]
    ranges = ranges.assign(direction="gradient", draw=0, gradient_norm=np.nan)
    outcomes = runs[CELL].assign(outcome=LEARNT)
    return {
        "history": history,
        "runs": runs,
        "outcomes": outcomes,
        "landscape_ranges": ranges,
    }


def _ranges(cell, curves):
    """One row per step of a run's landscape."""
    curve = dict(list(curves.set_index("step").groupby("quantity")))
    no_points = curves[:0].set_index("step")
    loss, change, beta = (
        curve.get(name, no_points)
        for name in ("loss_range", "gradient_change_range", "effective_beta")
    )
    points = {
        "loss_low": loss.low,
        "loss_high": loss.high,
        "gradient_change_low": change.low,
        "gradient_change_high": change.high,
        "effective_beta": pd.Series(
            _between(beta.reset_index(), change.index), change.index
        ),
    }
    rows = pd.DataFrame(points).rename_axis("step").reset_index()
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
