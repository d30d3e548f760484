"""One number for each run, for claims about whole runs; all from whole tables.

Each function takes the tables by name and returns a Series indexed by (model, norm, lr,
seed). A number that a run cannot give (a gradient that overflowed) is NaN or infinite.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from normscape.columns import CELL

Tables = dict[str, pd.DataFrame]

_CELL = list(CELL)

# A final accuracy of at least this share of the best counts as training well.
TRAINS_WELL = 0.9


def mean_accuracy(tables: Tables) -> pd.Series:
    """Training accuracy averaged over all steps: high for a run that learns early.

    Steps after a divergence count as accuracy 0.
    """
    history = tables["history"].dropna(subset="accuracy")
    steps = history.groupby("model").step.max() + 1
    totals = history[history.diverged == 0].groupby(_CELL).accuracy.sum()
    totals = totals.reindex(pd.MultiIndex.from_frame(history[_CELL].drop_duplicates()))
    return totals.fillna(0) / totals.index.get_level_values("model").map(steps)


def final_accuracy(tables: Tables) -> pd.Series:
    """Training accuracy of the last steps; 0 for a run that diverged."""
    runs = tables["runs"].set_index(_CELL)
    classifies = runs.groupby("model").final_accuracy.transform(
        lambda a: a.notna().any()
    )
    runs = runs[classifies]
    return runs.final_accuracy.mask(runs.diverged_at.notna(), 0.0)


def final_loss(tables: Tables) -> pd.Series:
    """Training loss of the last steps; infinite for a run that diverged."""
    runs = tables["runs"].set_index(_CELL)
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


def _over_layers_and_steps(tables, column):
    ics = tables["ics"]
    return ics[ics.layer > 1].groupby(_CELL)[column]


def ics_cosine(tables: Tables) -> pd.Series:
    """Cosine between G and G', averaged over layers (but the first) and steps."""
    return _over_layers_and_steps(tables, "cosine").mean(skipna=False)


def ics_l2(tables: Tables) -> pd.Series:
    """||G - G'||, geometric mean over layers (but the first) and steps."""
    with np.errstate(divide="ignore"):
        return _over_layers_and_steps(tables, "l2_difference").agg(
            lambda values: np.exp(np.log(values.to_numpy()).mean())
        )


def _landscape(column: str, direction: str) -> Callable[[Tables], pd.Series]:
    def quantity(tables):
        ranges = tables["landscape_ranges"]
        ranges = ranges.assign(loss_range=ranges.loss_high - ranges.loss_low)
        rows = ranges[ranges.direction == direction]
        # What overflowed along the direction is larger than all that did not.
        values = rows[column].fillna(np.inf)
        return values.groupby([rows[key] for key in _CELL]).median()

    quantity.__doc__ = f"Median over steps of {column}, direction {direction}."
    return quantity


def _drift(column: str) -> Callable[[Tables], pd.Series]:
    def quantity(tables):
        drift = tables["moment_drift"]
        rows = drift[drift.scope == "unit"]
        hidden = rows.layer < rows.groupby("model").layer.transform("max")
        # There is no change before a run's first checkpoint.
        later = rows.step > rows.groupby(_CELL).step.transform("min")
        return rows[hidden & later].groupby(_CELL)[column].median(skipna=False)

    quantity.__doc__ = f"Median over hidden layers and steps of one unit's {column}."
    return quantity


QUANTITIES: dict[str, Callable[[Tables], pd.Series]] = {
    "mean_accuracy": mean_accuracy,
    "final_accuracy": final_accuracy,
    "final_loss": final_loss,
    "usable_learning_rates": usable_learning_rates,
    "ics_cosine": ics_cosine,
    "ics_l2": ics_l2,
    "mean_change": _drift("mean_change"),
    "variance_change": _drift("variance_change"),
    **{
        prefix + name: _landscape(column, direction)
        for prefix, direction in (("", "gradient"), ("random_", "random"))
        for name, column in (
            ("loss_range", "loss_range"),
            ("gradient_change", "gradient_change_high"),
            ("effective_beta", "effective_beta"),
        )
    },
}


def of_paper(quantity: str, curves: pd.DataFrame) -> pd.Series:
    """The quantity from the paper's digitised curves, indexed by (model, norm).

    curves : columns figure, model, quantity, norm, step, low, high. Medians over steps,
    as of our own; of a loss, the value at the last step. Empty where the paper shows no
    such curve.
    """
    name = {
        "loss_range": "loss_range",
        "gradient_change": "gradient_change_range",
        "effective_beta": "effective_beta",
        "final_loss": "train_loss",
    }.get(quantity)
    rows = curves[curves.quantity == name].sort_values("step")
    groups = rows.groupby(["model", "norm"])
    if quantity == "final_loss":
        return groups.low.last()
    if quantity == "loss_range":
        return (rows.high - rows.low).groupby([rows.model, rows.norm]).median()
    return groups.high.median()
