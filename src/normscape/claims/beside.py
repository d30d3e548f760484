"""Our numbers beside those of the paper's digitised curves."""

import numpy as np
import pandas as pd

from normscape.claims import chance, declarations, intervals, paper
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
        ratio : ours over ``paper_as_long``. not_learnt : how many of our runs diverged or stayed
        at chance (``chance.failures``), or empty.
    """
    of_ours = at_shared_steps(tables)
    of_paper = paper.tables(curves)
    steps = tables["history"].groupby("model").step.max() + 1
    first_steps = {model: paper.tables(curves, n) for model, n in steps.items()}
    outcomes = chance.outcomes(experiment, tables)
    rows = []
    for name in names:
        theirs = _numbers(name, of_paper)
        if theirs.empty:
            continue
        ours = of_runs(name, of_ours)
        as_long = {model: _numbers(name, first) for model, first in first_steps.items()}
        for run, number in theirs.items():
            architecture, norm, lr, _ = run
            for model in experiment.models_of(architecture):
                values = select(ours, model=model.name, norm=norm, lr=lr).dropna()
                row = {
                    "quantity": name,
                    "label": declarations.quantities()[name]["label"],
                    "model": model.name,
                    "norm": norm,
                    "lr": lr,
                    "paper": number,
                    "seeds": len(values),
                }
                if len(values):
                    row |= _ours(values.to_numpy(float), as_long[model.name][run])
                    of_runs_ = outcomes[model.name].reindex(values.index).dropna()
                    row["not_learnt"] = chance.failures(of_runs_) or None
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *("quantity", "label", "model", "norm", "lr", "paper", "paper_as_long"),
    *("ours", "low", "high", "seeds", "ratio", "not_learnt"),
]


def _numbers(name, of_paper):
    declared = declarations.quantities()[name]
    return of_runs(name, paper.of_quantity(declared, of_paper)).dropna()


def _ours(values, of_paper):
    ours, low, high = np.exp(intervals.interval(np.log(values))[:3])
    columns = {"ours": ours, "low": low, "high": high}
    return columns | {"paper_as_long": of_paper, "ratio": ours / of_paper}
