"""Our numbers compared with those of the paper's digitised curves."""

import numpy as np
import pandas as pd

from normscape.claims import paper_curves
from normscape.claims.intervals import OneSample
from normscape.claims.outcomes import describe_failures
from normscape.claims.quantities import QUANTITIES
from normscape.claims.selection import select_runs
from normscape.claims.values import (
    at_shared_steps,
    paper_values_per_run,
    values_per_run,
)
from normscape.experiment import Experiment
from normscape.tables import CELL
from normscape.tables.frames import Tables

COLUMNS = [
    *("quantity", "label", "model", "norm", "lr", "paper", "paper_as_long"),
    *("ours", "low", "high", "seeds", "ratio", "not_learnt"),
]


def compare_with_paper(
    names: list[str], tables: Tables, curves: pd.DataFrame, experiment: Experiment
) -> pd.DataFrame:
    """One row per quantity, run that the paper's curves show, and model of ours.

    names : quantities, all positive. tables : with ``outcomes``. curves : the table
    ``paper_curves``.

    paper : the number of the paper's run. paper_as_long : the same over as many steps as
        ours have.
    ours, low, high : geometric mean over seeds with its 95% interval, of runs at the same
        learning rate; empty where the experiment has none.
    ratio : ours / ``paper_as_long``.
    not_learnt : which of our runs diverged or stayed at chance, or empty.
    """
    shared = at_shared_steps(tables)
    paper_tables = paper_curves.tables(curves)
    steps = tables["history"].groupby("model").step.max() + 1
    first_steps = {model: paper_curves.tables(curves, n) for model, n in steps.items()}
    outcomes = tables["outcomes"].set_index(CELL).outcome
    rows = []
    for name in names:
        numbers = paper_values_per_run(name, paper_tables).dropna()
        if numbers.empty:
            continue
        ours = values_per_run(name, shared)
        as_long = {m: paper_values_per_run(name, t) for m, t in first_steps.items()}
        for run, number in numbers.items():
            architecture, norm, lr, _ = run
            for model in experiment.models_of(architecture):
                values = select_runs(ours, model=model.name, norm=norm, lr=lr).dropna()
                row = {
                    "quantity": name,
                    "label": QUANTITIES[name].label,
                    "model": model.name,
                    "norm": norm,
                    "lr": lr,
                    "paper": number,
                    "seeds": len(values),
                }
                if len(values):
                    row |= _compare(values.to_numpy(float), as_long[model.name][run])
                    failures = describe_failures(
                        outcomes.reindex(values.index).dropna()
                    )
                    row["not_learnt"] = failures or None
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _compare(values, paper):
    ours, low, high = np.exp(OneSample(np.log(values)).interval()[:3])
    columns = {"ours": ours, "low": low, "high": high}
    return columns | {"paper_as_long": paper, "ratio": ours / paper}
