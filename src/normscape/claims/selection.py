"""Which runs and steps are compared."""

import pandas as pd


def select_runs(
    values: pd.Series, *, model=None, norm=None, lr: float | None = None
) -> pd.Series:
    """The values of some runs; those of all models, norms or rates where one is None.

    values : indexed by (model, norm, lr, seed), and perhaps more.
    """
    for level, name in (("model", model), ("norm", norm)):
        if name is not None:
            values = values[values.index.get_level_values(level) == name]
    if lr is not None:
        values = values[values.index.get_level_values("lr") == lr]
    return values


def keep_shared_steps(networks: list[pd.Series], by_rate: bool) -> list[pd.Series]:
    """The values of networks at the steps at which all of their runs were measured.

    A median over steps would otherwise shift with further steps of some runs. Where no step
    is shared, all values stay.

    networks : indexed by (model, norm, lr, seed, step). by_rate : whether steps are shared
    among the runs of each learning rate alone.
    """
    joined = pd.concat(networks, keys=range(len(networks)), names=["network"])
    index = joined.index.to_frame(index=False)
    names = ["network", "lr", "seed"]
    runs = index[names].astype(str).agg("/".join, axis="columns")
    rate = index.lr if by_rate else pd.Series(0, index.index)
    kept = _is_shared(runs, index.step, [rate])
    return [
        values[kept[index.network == number].to_numpy()]
        for number, values in enumerate(networks)
    ]


def shared_steps(table: pd.DataFrame) -> pd.DataFrame:
    """The rows at steps at which all runs of a model and rate were measured.

    Where no step is shared, all rows stay, and so do those of a table without steps.
    """
    if "step" not in table:
        return table
    runs = table.norm + "/" + table.seed.astype(str)
    return table[_is_shared(runs, table.step, [table.model, table.lr])]


def _is_shared(runs: pd.Series, steps: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Whether all runs of a row's group have a row at its step, or no step has that."""
    measured = runs.groupby([*groups, steps]).transform("nunique")
    shared = measured == runs.groupby(groups).transform("nunique")
    return shared | ~shared.groupby(groups).transform("any")
