"""Quantities computed from whole tables; each function returns a tidy table."""

import pandas as pd

from normscape.columns import CELL

# A run's final loss and accuracy are means over this many last steps.
FINAL_STEPS = 50

_CELL = list(CELL)


def runs(history: pd.DataFrame, evaluation: pd.DataFrame) -> pd.DataFrame:
    """A row a run: where it ended.

    steps : recorded steps.
    diverged_at : the step at which loss or gradient stopped being finite, or empty.
    final_loss, final_accuracy : means over the last 50 steps' batches; empty for a run
        that diverged. Accuracy is empty for regression.
    final_test_accuracy : after the last step.
    """

    def summarise(run):
        diverged = run[run.diverged == 1]
        last = run.tail(FINAL_STEPS)
        ended = diverged.empty
        return pd.Series(
            {
                "steps": len(run),
                "diverged_at": None if ended else int(diverged.step.iloc[0]),
                "final_loss": last.loss.mean() if ended else None,
                "final_accuracy": last.accuracy.mean() if ended else None,
            }
        )

    table = history.groupby(_CELL, sort=False)[list(history)].apply(summarise)
    table = table.reset_index().astype({"steps": int, "diverged_at": "Int64"})
    tests = evaluation.sort_values("step").groupby(_CELL).test_accuracy.last()
    tests = tests.rename("final_test_accuracy").reset_index()
    table = table.merge(tests, on=_CELL, how="left")
    diverged = table.diverged_at.notna()
    table.loc[diverged, "final_test_accuracy"] = None
    return table


def landscape_ranges(landscape: pd.DataFrame) -> pd.DataFrame:
    """A row for each run, step and direction: ranges over the step sizes (Figure 4).

    loss_low, loss_high : of the loss; their difference is its variation.
    gradient_change_low, gradient_change_high : of ||gradient change||, the gradient
        predictiveness.
    effective_beta : the largest gradient change over distance moved.
    Where any value along the direction is not finite, these are empty.
    """
    table = landscape.assign(beta=landscape.gradient_change / landscape.distance)
    keys = [*_CELL, "step", "direction", "draw"]
    groups = table.groupby(keys, sort=False)
    return groups.agg(
        loss_low=("loss", _strict(pd.Series.min)),
        loss_high=("loss", _strict(pd.Series.max)),
        gradient_change_low=("gradient_change", _strict(pd.Series.min)),
        gradient_change_high=("gradient_change", _strict(pd.Series.max)),
        effective_beta=("beta", _strict(pd.Series.max)),
        start_loss=("start_loss", "first"),
        gradient_norm=("gradient_norm", "first"),
    ).reset_index()


def _strict(function):
    return lambda values: function(values, skipna=False)


def moment_drift(moments: pd.DataFrame) -> pd.DataFrame:
    """A row for each run, layer, scope and step: how far the moments moved (Figure 8).

    mean_change, variance_change : absolute change since the checkpoint before.
    mean_drift, variance_drift : absolute change since the first checkpoint.
    """
    keys = [*_CELL, "layer", "scope"]
    table = moments.sort_values([*keys, "step"]).reset_index(drop=True)
    groups = table.groupby(keys)
    for moment in ("mean", "variance"):
        table[f"{moment}_change"] = groups[moment].diff().abs()
        first = groups[moment].transform("first")
        table[f"{moment}_drift"] = (table[moment] - first).abs()
    columns = ["mean_change", "variance_change", "mean_drift", "variance_drift"]
    return table[[*_CELL, "step", "layer", "scope", "unit", *columns]]


# Rounding of float64, summed over a batch, stays well below.
VIOLATION = 1e-9


def theory_summary(instances: pd.DataFrame) -> pd.DataFrame:
    """A row for each statement, form and origin of its instances ("random" or a model).

    violations : instances that exceed the bound by more than rounding.
    largest_violation : relative to the sum of the bound's absolute terms.
    tightness : median of actual value over bound.
    """
    table = instances.assign(tightness=instances.actual / instances.bound)
    groups = table.groupby(["statement", "form", "model"], sort=False)
    return groups.agg(
        instances=("violation", "size"),
        violations=("violation", lambda values: int((values > VIOLATION).sum())),
        largest_violation=("violation", "max"),
        tightness=("tightness", "median"),
    ).reset_index()
