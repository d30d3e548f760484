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
        none. paper_as_long : the paper's number over as many steps as ours have.
        ratio : ours over ``paper_as_long``.
    """
    of_ours = at_shared_steps(tables)
    of_paper = paper.tables(curves)
    steps = tables["history"].groupby("model").step.max() + 1
    as_long = {model: paper.tables(curves, count) for model, count in steps.items()}
    rows = []
    for name in names:
        declared = declarations.quantities()[name]
        theirs = _numbers(name, declared, of_paper)
        if theirs.empty:
            continue
        ours = of_runs(name, of_ours)
        for run, number in theirs.items():
            architecture, norm, lr, _ = run
            for model in experiment.models_of(architecture):
                values = select(ours, model=model.name, norm=norm, lr=lr).dropna()
                row = {
                    "quantity": name,
                    "label": declared["label"],
                    "model": model.name,
                    "norm": norm,
                    "lr": lr,
                    "paper": number,
                    "seeds": len(values),
                }
                if len(values):
                    same_steps = _numbers(name, declared, as_long[model.name])
                    row |= _ours(values.to_numpy(float), same_steps[run])
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *("quantity", "label", "model", "norm", "lr", "paper", "paper_as_long"),
    *("ours", "low", "high", "seeds", "ratio"),
]


def _numbers(name, declared, of_paper):
    return of_runs(name, paper.of_quantity(declared, of_paper)).dropna()


def _ours(values, of_paper):
    ours, low, high = np.exp(intervals.interval(np.log(values))[:3])
    columns = {"ours": ours, "low": low, "high": high}
    return columns | {"paper_as_long": of_paper, "ratio": ours / of_paper}
