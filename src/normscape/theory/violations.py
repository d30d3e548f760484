"""Summary statistics of the instances per statement."""

import pandas as pd

# Rounding in float64 over a batch, and the tolerance of a search, stay well below.
VIOLATION = 1e-9


def summarise(instances: pd.DataFrame) -> pd.DataFrame:
    """One row per statement, form and origin of its instances ("random" or a model).

    violations : instances that exceed the bound by more than rounding, or are NaN.
    largest_violation : relative to the sum of the bound's absolute terms.
    tightness : median of actual value / bound.
    """
    table = instances.assign(tightness=instances.actual / instances.bound)
    groups = table.groupby(["statement", "form", "model"], sort=False)
    return groups.agg(
        instances=("violation", "size"),
        violations=("violation", lambda values: int((~(values <= VIOLATION)).sum())),
        largest_violation=("violation", "max"),
        tightness=("tightness", "median"),
    ).reset_index()
