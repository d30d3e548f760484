"""Ranges along each direction (Figures 4 and 10)."""

import pandas as pd

from normscape.tables import CELL

TABLES = ("landscape",)


def summarise(landscape: pd.DataFrame) -> pd.DataFrame:
    """A row for each run, step and direction: ranges over the step sizes (Figure 4).

    loss_low, loss_high : of the loss; their difference is its variation.
    gradient_change_low, gradient_change_high : of ||gradient change||, the gradient
        predictiveness.
    effective_beta : the largest gradient change over distance moved.
    Where any value along the direction is not finite, these are empty.
    """
    table = landscape.assign(beta=landscape.gradient_change / landscape.distance)
    keys = [*CELL, "step", "direction", "draw"]
    groups = table.groupby(keys, sort=False)
    return groups.agg(
        loss_low=("loss", _strict(pd.Series.min)),
        loss_high=("loss", _strict(pd.Series.max)),
        gradient_change_low=("gradient_change", _strict(pd.Series.min)),
        gradient_change_high=("gradient_change", _strict(pd.Series.max)),
        effective_beta=("beta", _strict(pd.Series.max)),
        start_loss=("start_loss", "first"),
        gradient_norm=("gradient_norm", "first"),
    ).reset_index()


def _strict(function):
    return lambda values: function(values, skipna=False)
