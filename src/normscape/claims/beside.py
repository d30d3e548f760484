"""Our numbers beside those of the paper's digitised curves."""

import numpy as np
import pandas as pd

from normscape.claims import declarations, intervals, paper
from normscape.claims.quantities import at_shared_steps, of_runs, select
from normscape.experiment import Experiment
from normscape.tables.frames import Tables


def beside(
    names: list[str], tables: Tables, curves: pd.DataFrame, experiment: Experiment
) -> pd.DataFrame:
    """A row for each quantity that a curve gives, each norm, and each model of ours.

    names : quantities, all positive. curves : the table ``paper_curves``.

    paper : the number of the paper's run. ours, low, high : geometric mean over seeds with
        its 95 % interval, of runs at the same learning rate; empty where the experiment has
        none. ratio : ours over the paper's.
    """
    of_paper, by_step = paper.tables(curves), at_shared_steps(tables)
    rows = []
    for name in names:
        declared = declarations.quantities()[name]
        theirs = of_runs(name, paper.of_quantity(declared, of_paper)).dropna()
        if theirs.empty:
            continue
        ours = of_runs(name, by_step)
        for (architecture, norm, lr, _), number in theirs.items():
            for model in experiment.models_of(architecture):
                values = select(ours, model=model.name, norm=norm, lr=lr).dropna()
                rows.append(
                    {
                        "quantity": name,
                        "label": declared["label"],
                        "model": model.name,
                        "norm": norm,
                        "lr": lr,
                        "paper": number,
                    }
                    | _ours(values.to_numpy(float), number)
                )
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *("quantity", "label", "model", "norm", "lr", "paper"),
    *("ours", "low", "high", "seeds", "ratio"),
]


def _ours(values, of_paper):
    if not len(values):
        return {"seeds": 0}
    found = intervals.interval(np.log(values))
    ours, low, high = np.exp(found[:3])
    columns = {"ours": ours, "low": low, "high": high, "seeds": len(values)}
    return columns | {"ratio": ours / of_paper}
