"""One number for each run, for claims about runs.

Most quantities are declared (``declarations.quantities``): a column or an expression, the
rows that count, and how they become one number. The functions here compute the others.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from normscape.claims import declarations
from normscape.tables import CELL
from normscape.tables.frames import Tables

# A final accuracy of at least this share of the best counts as training well.
TRAINS_WELL = 0.9


def mean_accuracy(tables: Tables) -> pd.Series:
    """Training accuracy averaged over all steps: high for a run that learns early.

    Steps after a divergence count as accuracy 0.
    """
    history = tables["history"].dropna(subset="accuracy")
    steps = history.groupby("model").step.max() + 1
    totals = history[history.diverged == 0].groupby(CELL).accuracy.sum()
    totals = totals.reindex(pd.MultiIndex.from_frame(history[CELL].drop_duplicates()))
    return totals.fillna(0) / totals.index.get_level_values("model").map(steps)


def final_accuracy(tables: Tables) -> pd.Series:
    """Training accuracy of the last steps; 0 for a run that diverged."""
    runs = tables["runs"].set_index(CELL)
    classifies = runs.groupby("model").final_accuracy.transform(
        lambda a: a.notna().any()
    )
    runs = runs[classifies]
    return runs.final_accuracy.mask(runs.diverged_at.notna(), 0.0)


def final_loss(tables: Tables) -> pd.Series:
    """Training loss of the last steps; infinite for a run that diverged."""
    runs = tables["runs"].set_index(CELL)
    return runs.final_loss.mask(runs.diverged_at.notna(), np.inf)


def usable_learning_rates(tables: Tables) -> pd.Series:
    """Number of learning rates at which a normaliser trains well.

    That is, with at least 0.9 times the best final accuracy of the model and seed.
    Each of a normaliser's runs carries the number.
    """
    accuracy = final_accuracy(tables)
    best = accuracy.groupby(["model", "seed"]).transform("max")
    well = (accuracy >= TRAINS_WELL * best) & (best > 0)
    return well.groupby(["model", "norm", "seed"]).transform("sum").astype(float)


FUNCTIONS: dict[str, Callable[[Tables], pd.Series]] = {
    function.__name__: function
    for function in (mean_accuracy, final_accuracy, final_loss, usable_learning_rates)
}


def _geometric_mean(values: pd.Series) -> float:
    with np.errstate(divide="ignore"):
        return np.exp(np.log(values.to_numpy()).mean())


AVERAGES: dict[str, Callable] = {
    "mean": lambda groups: groups.mean(skipna=False),
    "median": lambda groups: groups.median(skipna=False),
    "geometric_mean": lambda groups: groups.agg(_geometric_mean),
    "last": lambda groups: groups.last(),
}


def of_runs(name: str, tables: Tables) -> pd.Series:
    """The quantity ``name`` of each run, indexed by (model, norm, lr, seed).

    A number that a run cannot give (a gradient that overflowed) is NaN or infinite.
    """
    declared = declarations.quantities()[name]
    if "value" not in declared:
        return FUNCTIONS[name](tables)
    rows = of_rows(declared, tables)
    values = rows.value
    if declared["overflow_is_large"]:
        values = values.fillna(np.inf)
    average = AVERAGES[declared["average"]]
    return average(values.groupby([rows[key] for key in CELL]))


def of_rows(declared: dict, tables: Tables) -> pd.DataFrame:
    """The rows of a declared quantity that count, with its ``value`` in each."""
    table = tables[declared["tables"][0]]
    if "where" in declared:
        ends = {}
        if "step" in table:
            ends["first_step"] = table.groupby(CELL).step.transform("min")
        if "layer" in table:
            ends["last_layer"] = table.groupby("model").layer.transform("max")
        table = table.assign(**ends).query(declared["where"])
    return table.assign(value=table.eval(declared["value"]))


def of_paper(name: str, curves: pd.DataFrame) -> pd.Series:
    """The quantity from the paper's digitised curves, indexed by (model, norm).

    curves : the table ``paper_curves``. Medians over steps, as of our own; of a loss, the
    value at the last step. Empty where the paper shows no such curve.
    """
    curve = declarations.quantities()[name].get("paper_curve")
    if not curve:
        return pd.Series(dtype=float)
    rows = curves[curves.quantity == curve["name"]].sort_values("step")
    values = rows.eval(curve["value"])
    return AVERAGES[curve["average"]](values.groupby([rows.model, rows.norm]))
