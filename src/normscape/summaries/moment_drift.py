"""Drift of activation statistics (Figure 8)."""

import pandas as pd

from normscape.tables import CELL

TABLES = ("moments",)


def summarise(moments: pd.DataFrame) -> pd.DataFrame:
    """One row per run, layer, scope and step: drift of mean and variance (Figure 8).

    mean_change, variance_change : absolute change in the next training step.
    mean_drift, variance_drift : absolute change since the first checkpoint.
    """
    keys = [*CELL, "layer", "scope"]
    table = moments.sort_values([*keys, "step"]).reset_index(drop=True)
    groups = table.groupby(keys)
    for moment in ("mean", "variance"):
        table[f"{moment}_change"] = (table[f"next_{moment}"] - table[moment]).abs()
        first = groups[moment].transform("first")
        table[f"{moment}_drift"] = (table[moment] - first).abs()
    columns = ["mean_change", "variance_change", "mean_drift", "variance_drift"]
    return table[[*CELL, "step", "layer", "scope", "unit", *columns]]
