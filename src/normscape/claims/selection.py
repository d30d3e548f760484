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
    both = pd.concat(networks, keys=range(len(networks)), names=["network"])
    index = both.index.to_frame(index=False)
    rate = index.lr if by_rate else pd.Series(0, index.index)
    runs = (
        index.network.astype(str)
        + "/"
        + index.lr.astype(str)
        + "/"
        + index.seed.astype(str)
    )
    measured = runs.groupby([rate, index.step]).transform("nunique")
    shared = measured == runs.groupby(rate).transform("nunique")
    kept = shared | ~shared.groupby(rate).transform("any")
    return [
        values[kept[index.network == number].to_numpy()]
        for number, values in enumerate(networks)
    ]


def shared_steps(table: pd.DataFrame) -> pd.DataFrame:
    """The rows at steps at which all runs of a model and rate were measured.

    At the same step, runs are compared at these: a median over steps would otherwise shift
    with further steps of some runs. Where no step is shared, all rows stay, and so do those
    of a table without steps.
    """
    if "step" not in table:
        return table
    runs = table.norm + "/" + table.seed.astype(str)
    rate = [table.model, table.lr]
    measured = runs.groupby([*rate, table.step]).transform("nunique")
    shared = measured == runs.groupby(rate).transform("nunique")
    return table[shared | ~shared.groupby(rate).transform("any")]
