"""Numbers for each run, for claims about runs.

Most quantities are declared (``declarations.quantities``): a column or an expression, the
rows that count, how those of one step become one number, and how those of a run do. The
functions here compute the others.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from normscape.claims import declarations
from normscape.tables import CELL
from normscape.tables.frames import Tables

# A final accuracy of at least this share of the normaliser's best counts as training well.
TRAINS_WELL = 0.9
# A probe whose loss is below this share of the run's first loss sees a finished run.
FINISHED = 0.01


def mean_accuracy(tables: Tables) -> pd.Series:
    """Training accuracy averaged over all steps: high for a run that learns early.

    Steps after a divergence count as accuracy 0.
    """
    history = tables["history"].dropna(subset="accuracy")
    steps = history.groupby("model").step.max() + 1
    totals = history[history.diverged == 0].groupby(CELL).accuracy.sum()
    totals = totals.reindex(pd.MultiIndex.from_frame(history[CELL].drop_duplicates()))
    return totals.fillna(0) / totals.index.get_level_values("model").map(steps)


def mean_loss(tables: Tables) -> pd.Series:
    """Geometric mean of the training loss over all steps: the area under its logarithm.

    It goes on falling where accuracy is near 1. Infinite for a run that diverged.
    """
    history = tables["history"]
    with np.errstate(divide="ignore"):
        logarithms = history.assign(value=np.log(history.loss))
    means = np.exp(logarithms.groupby(CELL).value.mean())
    return means.mask(history.groupby(CELL).diverged.max() == 1, np.inf)


def best_rates(tables: Tables) -> dict[tuple[str, str], float]:
    """By (model, norm) the learning rate of the smallest ``mean_loss`` over seeds.

    Seeds are averaged as logarithms, so that a rate at which one diverges is never the best
    unless one does at each; then it is the smallest.
    """
    losses = np.log(mean_loss(tables).replace(0, np.finfo(float).tiny))
    losses = losses.groupby(["model", "norm", "lr"]).mean()
    groups = losses.fillna(np.inf).sort_index().groupby(["model", "norm"])
    return {key: rates.idxmin()[2] for key, rates in groups}


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


def largest_learning_rate(tables: Tables) -> pd.Series:
    """The largest learning rate at which a normaliser trains well (Bjorck et al. 2018).

    That is, with at least 0.9 times its best final accuracy over learning rates; between
    the last rate that does and the first larger one that does not, the accuracy is
    interpolated over the rate's logarithm. A lower bound where the largest rate of the grid
    still trains well; the smallest one, an upper bound, where nothing is learnt at any
    (``learnt``, which ``chance.mark`` adds to the runs). Each run of a normaliser and seed
    carries the number; seeds that lack a rate of the normaliser's are left out, and so are
    normalisers of a single rate.
    """
    accuracy = final_accuracy(tables).rename("accuracy").reset_index()
    learnt = tables["runs"].set_index(CELL).learnt
    accuracy["learnt"] = learnt.reindex(_cells(accuracy)).to_numpy()
    groups = accuracy.groupby(["model", "norm"])
    rates = groups.lr.transform("nunique")
    of_seed = accuracy.groupby(["model", "norm", "seed"])
    whole = accuracy[(of_seed.lr.transform("nunique") == rates) & (rates > 1)]
    found = {
        key: _largest(run.lr.to_numpy(), run.accuracy.to_numpy())
        if run.learnt.any()
        else run.lr.min()
        for key, run in whole.groupby(["model", "norm", "seed"])
    }
    keys = zip(whole.model, whole.norm, whole.seed, strict=True)
    return pd.Series([found[key] for key in keys], _cells(whole), dtype=float)


def effective_rate_change(tables: Tables) -> pd.Series:
    """LR / ||W||^2 at a run's last probe over that at its first (Arora et al. 2018).

    The geometric mean over hidden layers. Below 1 where weights have grown.
    """
    table = tables["invariance"]
    table = table[table.layer < table.groupby("model").layer.transform("max")]
    norms = table.sort_values("step").groupby([*CELL, "layer"]).weight_norm
    logarithms = 2 * np.log(norms.first() / norms.last())
    return np.exp(logarithms.groupby(CELL).mean())


def _cells(table):
    return pd.MultiIndex.from_frame(table[CELL])


def _largest(rates, accuracies) -> float:
    order = np.argsort(rates)
    logarithms, accuracies = np.log(rates[order]), accuracies[order]
    well = TRAINS_WELL * accuracies.max()
    last = int(np.flatnonzero(accuracies >= well)[-1])
    if last == len(accuracies) - 1:
        return float(np.exp(logarithms[last]))
    ends = [last + 1, last]
    return float(np.exp(np.interp(well, accuracies[ends], logarithms[ends])))


FUNCTIONS: dict[str, Callable[[Tables], pd.Series]] = {
    function.__name__: function
    for function in (
        mean_accuracy,
        mean_loss,
        final_accuracy,
        final_loss,
        largest_learning_rate,
        effective_rate_change,
    )
}


def _geometric_mean(values: pd.Series) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(np.log(values.to_numpy()).mean())


def _percentile_90(values: pd.Series) -> float:
    """One of the values, so that infinite ones need no interpolation."""
    return np.quantile(values, 0.9, method="higher") if values.notna().all() else np.nan


AVERAGES: dict[str, Callable] = {
    "mean": lambda groups: groups.mean(skipna=False),
    "median": lambda groups: groups.median(skipna=False),
    "geometric_mean": lambda groups: groups.agg(_geometric_mean),
    "percentile_90": lambda groups: groups.agg(_percentile_90),
    "last": lambda groups: groups.last(),
}


def of_runs(name: str, tables: Tables) -> pd.Series:
    """The quantity ``name`` of each run, indexed by (model, norm, lr, seed).

    Of a probe's quantity, over its steps, without those that see a finished run
    (``finished``). A number that a run cannot give (a gradient that overflowed) is NaN or
    infinite; so is that of a run that was finished at all probes. Without the quantity's
    tables there are no runs.
    """
    declared = declarations.quantities()[name]
    if not set(declared["tables"]) <= tables.keys():
        return pd.Series(index=_cells(pd.DataFrame(columns=CELL)), dtype=float)
    if "value" not in declared:
        return FUNCTIONS[name](tables)
    steps = of_steps(declared, tables)
    average = AVERAGES[declared["average"]]
    if not declared["probe"]:
        return average(steps.groupby(CELL).value)
    left_out = finished(steps, tables)
    found = average(steps[~left_out].groupby(CELL).value)
    return found.reindex(_cells(steps[CELL].drop_duplicates()))


def at_shared_steps(tables: Tables) -> Tables:
    """The tables, those of probes at their ``shared_steps``.

    By step, runs are compared at the same steps: a median over probes would otherwise
    shift with further probes of some runs, which the reading at equal loss needs.
    """
    declared = declarations.quantities().values()
    of_probes = {
        name
        for quantity in declared
        if quantity["probe"]
        for name in quantity["tables"]
    }
    return tables | {
        name: shared_steps(tables[name]) for name in of_probes & tables.keys()
    }


def shared_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Rows at the steps at which all runs of a model and rate were probed.

    Where no step is shared, all stay; so do those of a table without steps.
    """
    if "step" not in table:
        return table
    runs = table.norm + "/" + table.seed.astype(str)
    rate = [table.model, table.lr]
    probed = runs.groupby([*rate, table.step]).transform("nunique")
    shared = probed == runs.groupby(rate).transform("nunique")
    return table[shared | ~shared.groupby(rate).transform("any")]


def is_rate(rates, rate):
    """Whether learning rates are this one, but for how a table rounds them."""
    return np.isclose(rates, rate, atol=0)


def select(values: pd.Series, *, model=None, norm=None, lr=None) -> pd.Series:
    """Those of numbers indexed by (model, norm, lr, seed) that are of what is given."""
    for level, wanted in (("model", model), ("norm", norm)):
        if wanted is not None:
            values = values[values.index.get_level_values(level) == wanted]
    if lr is not None:
        values = values[is_rate(values.index.get_level_values("lr"), lr)]
    return values


def of_steps(declared: dict, tables: Tables) -> pd.DataFrame:
    """A row for each run and step, with its ``value``: those of layers or draws averaged.

    Without the quantity's tables there are no rows.
    """
    if not set(declared["tables"]) <= tables.keys():
        return pd.DataFrame(columns=[*CELL, "step", "value"]).astype({"value": float})
    rows = of_rows(declared, tables)
    if "step" not in rows:
        return rows[[*CELL, "value"]]
    average = AVERAGES[declared["average_in_step"]]
    return average(rows.groupby([*CELL, "step"], sort=False).value).reset_index()


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
    values = table.eval(declared["value"])
    if declared["overflow_is_large"]:
        values = values.fillna(np.inf)
    return table.assign(value=values)


def finished(steps: pd.DataFrame, tables: Tables) -> pd.Series:
    """For each row of a run and step, whether the run was finished by then.

    That is, its batch had less than 1 % of the run's first loss: a smooth landscape there
    says nothing of the normaliser. Rows of whole runs, and runs without a history, are not
    known to be finished.
    """
    if "step" not in steps:
        return pd.Series(False, steps.index)
    history = tables["history"]
    probed = history[history.step.isin(steps.step.unique())]  # a few of thousands
    losses = probed.set_index([*CELL, "step"]).loss
    first = history.groupby(CELL).loss.first()
    last = history.groupby(CELL).loss.last()
    runs = _cells(steps)
    here = losses.reindex(pd.MultiIndex.from_frame(steps[[*CELL, "step"]])).to_numpy()
    # After its last step a run has no batch any more.
    here = np.where(np.isnan(here), last.reindex(runs).to_numpy(), here)
    return pd.Series(here < FINISHED * first.reindex(runs).to_numpy(), steps.index)
