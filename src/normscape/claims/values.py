"""Values of quantities: of each step of a run, and of each run."""

import numpy as np
import pandas as pd

from normscape.claims.quantities import QUANTITIES, STEP, Quantity
from normscape.claims.selection import shared_steps
from normscape.tables import CELL
from normscape.tables.frames import Tables

# A probe whose loss is below this share of the run's first loss sees a finished run.
FINISHED = 0.01
# Tables of training. Other tables with steps are of checkpoints.
_OF_TRAINING = {"history", "evaluation", "runs", "outcomes"}


def measured_at_checkpoints(quantity: Quantity) -> bool:
    return quantity.over_steps is not None and not {*quantity.tables} <= _OF_TRAINING


def at_shared_steps(tables: Tables) -> Tables:
    """The tables, with those of checkpoints at their ``shared_steps``."""
    return {
        name: table if name in _OF_TRAINING else shared_steps(table)
        for name, table in tables.items()
    }


def values_per_step(name: str, tables: Tables) -> pd.Series:
    """The quantity at each step, indexed by ``STEP``; empty without its tables."""
    return _compute(QUANTITIES[name], tables, STEP)


def values_per_run(name: str, tables: Tables) -> pd.Series:
    """One number per run, indexed by ``CELL``; empty without the quantity's tables.

    Steps at which a run was finished do not count (``is_finished``). A run that was
    finished at all steps has NaN.
    """
    quantity = QUANTITIES[name]
    if quantity.over_steps is None:
        return _compute(quantity, tables, CELL)
    steps = values_per_step(name, tables)
    kept = steps
    if measured_at_checkpoints(quantity):
        kept = steps[~is_finished(steps, tables)]
    runs = steps.index.droplevel("step").unique()
    return summarise_steps(kept, quantity.over_steps).reindex(runs)


def paper_values_per_run(name: str, tables: Tables) -> pd.Series:
    """As ``values_per_run``, of the tables of the paper's curves (``paper_curves.tables``).

    A step without a value is one that the paper does not show, and no overflow.
    """
    over_steps = QUANTITIES[name].over_steps
    if over_steps is None:
        return values_per_run(name, tables)
    steps = values_per_step(name, tables)
    return summarise_steps(steps[np.isfinite(steps)], over_steps)


def _compute(quantity, tables, levels):
    if {*quantity.tables} <= tables.keys():
        values = quantity.compute(*(tables[name] for name in quantity.tables))
        return values.astype(float)  # of no rows it may have another type
    nothing = pd.MultiIndex.from_frame(pd.DataFrame(columns=levels))
    return pd.Series(index=nothing, dtype=float)


def summarise_steps(values: pd.Series, over_steps: str) -> pd.Series:
    """One number per run, of those of its steps; NaN where a step has NaN."""
    groups = values.groupby(CELL, sort=False)
    match over_steps:
        case "median":
            return groups.median(skipna=False)
        case "last":
            return groups.last()
        case "percentile_90":
            return groups.agg(_percentile_90).astype(float)


def _percentile_90(values: pd.Series) -> float:
    """One of the values, so that infinite ones need no interpolation."""
    return np.quantile(values, 0.9, method="higher") if values.notna().all() else np.nan


def is_finished(steps: pd.Series, tables: Tables) -> pd.Series:
    """Whether the run was finished by each step of a Series that is indexed by ``STEP``.

    A run is finished where its batch has less than 1% of the run's first loss. A smooth
    landscape there says nothing about the normaliser. Runs without a history are not known
    to be finished.
    """
    runs = steps.index.droplevel("step")
    history = tables["history"]
    # A few of thousands of steps.
    probed = history[history.step.isin(steps.index.get_level_values("step").unique())]
    losses = probed.set_index(STEP).loss.reindex(steps.index).to_numpy()
    first = history.groupby(CELL).loss.first().reindex(runs).to_numpy()
    # After its last step a run has no batch any more.
    last = history.groupby(CELL).loss.last().reindex(runs).to_numpy()
    losses = np.where(np.isnan(losses), last, losses)
    return pd.Series(losses < FINISHED * first, steps.index)
