"""Ranges along the gradient, for each parametrisation of a function."""

import pandas as pd

from normscape.summaries.landscape_ranges import ranges

TABLES = ("same_function",)

# The step sizes of the paper's Figure 4, as multiples of the learning rate. Larger ones say
# how far downhill the gradient leads.
LARGEST_STEP = 4


def summarise(same_function: pd.DataFrame) -> pd.DataFrame:
    """One row per run, step and parametrisation, over step sizes up to 4 learning rates.

    The columns are those of ``landscape_ranges``.
    """
    # Step sizes and rates have decimal digits: 0.4 is 4 times 0.1 except for rounding.
    near = same_function.step_size <= (1 + 1e-9) * LARGEST_STEP * same_function.lr
    return ranges(same_function[near], ["parametrisation"])
