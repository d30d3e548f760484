"""Whole tables, read and written with pandas."""

import io
from pathlib import Path

import pandas as pd

from normscape import parts
from normscape.files import atomic
from normscape.tables import CELL
from normscape.tables.rows import read_lines

Tables = dict[str, pd.DataFrame]

_DECLARED = Path(__file__).with_name("tables.yaml")
# Names that users give; "nan" may be one.
_NAMES = {"model", "norm"}


def columns(table: str) -> dict[str, dict]:
    """The columns of a table after CELL, as declared; empty where nothing is."""
    declared = parts.read_yaml(_DECLARED)
    for probe in parts.names("probes"):
        step = {"step": {"description": "Of the checkpoint."}}
        for name, own in parts.declaration("probes", probe)["tables"].items():
            declared[name] = step | own
    return declared.get(table, {})


def read(paths) -> Tables:
    """Tables by name (the file's stem).

    The normaliser called "none" stays a text; empty cells and "nan" are missing values.
    """
    tables = {}
    for path in map(Path, paths):
        lines = read_lines(path)
        header = lines[0].strip().split(",")
        table = pd.read_csv(
            io.StringIO("".join(lines)),
            dtype=dict.fromkeys(_NAMES & set(header), str),
            keep_default_na=False,
            na_values={name: ["", "nan"] for name in header if name not in _NAMES},
        )
        if declared := columns(path.stem):
            _check(path, table, dict.fromkeys(CELL, {}) | declared)
        if table.empty:  # else pandas takes its columns for texts
            table = table.astype({n: float for n in header if n not in _NAMES})
        tables[path.stem] = table
    return tables


def _check(path, table, declared):
    for name, column in declared.items():
        if name not in table:
            raise ValueError(f"{path}: the column {name} is missing")
        if name in _NAMES or column.get("text"):
            continue
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = table[name][numbers.isna() & table[name].notna()]
        if len(wrong):
            raise ValueError(
                f"{path}: found {wrong.iloc[0]!r} in the column {name}, "
                "expected numbers"
            )


def write(path, table: pd.DataFrame) -> None:
    """Write a CSV, all or nothing; numbers get nine digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g")
