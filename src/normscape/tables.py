"""Whole tables, read and written with pandas."""

from pathlib import Path

import pandas as pd

from normscape.files import CELL_COLUMNS, atomic


def read(paths) -> dict[str, pd.DataFrame]:
    """Tables by name (the file's stem).

    The normaliser called "none" stays a text; empty cells and "nan" are missing values.
    """
    tables = {}
    for path in map(Path, paths):
        table = pd.read_csv(path, keep_default_na=False, na_values=["", "nan"])
        missing = [name for name in CELL_COLUMNS if name not in table]
        if missing:
            raise ValueError(f"{path}: the column {missing[0]} is missing")
        tables[path.stem] = table
    return tables


def write(path, table: pd.DataFrame) -> None:
    """Write a CSV that is whole or not there; numbers get nine digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")
