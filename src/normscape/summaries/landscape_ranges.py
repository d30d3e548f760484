"""Ranges along each direction (Figures 4 and 10)."""

import pandas as pd

from normscape.tables import CELL

TABLES = ("landscape",)


def summarise(landscape: pd.DataFrame) -> pd.DataFrame:
    """One row per run, step and direction: ranges over the step sizes (Figure 4).

    The columns are those of ``ranges``.
    """
    return ranges(landscape, ["direction", "draw"])


def ranges(landscape: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row per run, step and value of the keys: ranges over the step sizes.

    Parameters
    ----------
    landscape : pandas.DataFrame
        The table ``landscape``, or another one with its columns.
    keys : list[str]
        Columns that identify a direction.

    Returns
    -------
    pandas.DataFrame
        With these columns, which are empty if a value along the direction is not finite.

        loss_low, loss_high : range of the loss; loss variation is their difference.
        gradient_change_low, gradient_change_high : range of ||gradient change||, the paper's
        gradient predictiveness.
        effective_beta : largest gradient change / distance moved, the effective β-smoothness.
    """
    table = landscape.assign(beta=landscape.gradient_change / landscape.distance)
    groups = table.groupby([*CELL, "step", *keys], sort=False)
    return groups.agg(
        loss_low=("loss", _strict_min),
        loss_high=("loss", _strict_max),
        gradient_change_low=("gradient_change", _strict_min),
        gradient_change_high=("gradient_change", _strict_max),
        effective_beta=("beta", _strict_max),
        start_loss=("start_loss", "first"),
        gradient_norm=("gradient_norm", "first"),
    ).reset_index()


def _strict_min(values):
    return values.min(skipna=False)


def _strict_max(values):
    return values.max(skipna=False)
