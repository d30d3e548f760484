"""Read and write whole tables with pandas."""

import functools
import io
from pathlib import Path

import pandas as pd

from normscape import components
from normscape.files import atomic
from normscape.tables import CELL
from normscape.tables.rows import DIGITS, read_lines

Tables = dict[str, pd.DataFrame]

_DECLARED = Path(__file__).with_name("tables.yaml")
# Columns of names that users give; a name may be "nan".
_NAME_COLUMNS = {"model", "norm"}


def columns(table: str) -> dict[str, dict]:
    """The declared columns of a table after CELL; empty for tables without declaration."""
    if probe := components.probe_of(table):
        step = {"step": {"description": "Of the checkpoint."}}
        return step | components.declaration("probes", probe)["tables"][table]
    return _declared().get(table, {})


# Planning asks for the columns of every table of every run.
@functools.cache
def _declared() -> dict[str, dict]:
    """The columns of tables that no probe writes."""
    return components.read_yaml(_DECLARED)


def read(paths) -> Tables:
    """Return tables by name (the file's stem).

    Empty cells and "nan" are missing values, but the normaliser "none" stays a string.
    Raises ValueError for a damaged table, and for columns other than the declared ones.
    """
    tables = {}
    for path in map(Path, paths):
        lines = read_lines(path)
        header = lines[0].strip().split(",")
        table = pd.read_csv(
            io.StringIO("".join(lines)),
            dtype=dict.fromkeys(_NAME_COLUMNS & set(header), str),
            keep_default_na=False,
            na_values={
                name: ["", "nan"] for name in header if name not in _NAME_COLUMNS
            },
        )
        if declared := columns(path.stem):
            _check(path, table, dict.fromkeys(CELL, {}) | declared)
        if table.empty:  # pandas would infer strings
            table = table.astype({n: float for n in header if n not in _NAME_COLUMNS})
        tables[path.stem] = table
    return tables


def _check(path, table, declared):
    for name, column in declared.items():
        if name not in table:
            raise ValueError(
                f"{path}: expected a column {name}, got none; delete the file and rerun"
            )
        if name in _NAME_COLUMNS or column.get("text"):
            continue
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = table[name][numbers.isna() & table[name].notna()]
        if len(wrong):
            raise ValueError(
                f"{path}: column {name}: expected numbers, got {wrong.iloc[0]!r}"
            )


def write(path, table: pd.DataFrame) -> None:
    """Write a CSV, all or nothing; numbers get ``DIGITS`` digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format=f"%.{DIGITS}g")
