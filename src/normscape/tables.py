"""Whole tables, read and written with pandas."""

import io
from pathlib import Path

import pandas as pd

from normscape import columns
from normscape.files import atomic, read_lines


def read(paths) -> dict[str, pd.DataFrame]:
    """Tables by name (the file's stem).

    The normaliser called "none" stays a text; empty cells and "nan" are missing values.
    """
    tables = {}
    for path in map(Path, paths):
        lines = "".join(read_lines(path))
        table = pd.read_csv(
            io.StringIO(lines), keep_default_na=False, na_values=["", "nan"]
        )
        _check(path, table)
        tables[path.stem] = table
    return tables


def _check(path, table):
    expected = columns.TABLES.get(path.stem, columns.CELL)
    missing = [name for name in expected if name not in table]
    if missing:
        raise ValueError(f"{path}: the column {missing[0]} is missing")
    for name in set(expected) - columns.TEXT:
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = table[name][numbers.isna() & table[name].notna()]
        if len(wrong):
            raise ValueError(
                f"{path}: found {wrong.iloc[0]!r} in the column {name}, "
                "expected numbers"
            )


def write(path, table: pd.DataFrame) -> None:
    """Write a CSV that is whole or not there; numbers get nine digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")
