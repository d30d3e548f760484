"""Write and concatenate tables row by row."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence

from normscape.files import atomic

# Significant digits of numbers in tables, which float32 needs.
DIGITS = 9
_REMEDY = "delete it and rerun"


def write(path, columns: Sequence[str], rows: Iterable[Mapping]) -> None:
    """Write a CSV with a header. Numbers get ``DIGITS`` digits.

    Raises ValueError where a row's keys are not the columns.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> rows = [{"step": 0, "loss": 0.1}, {"step": 1, "loss": None}]
    >>> write(f"{folder}/t.csv", ["step", "loss"], rows)
    >>> print(open(f"{folder}/t.csv").read().strip())
    step,loss
    0,0.1
    1,
    """
    with (
        atomic(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            if row.keys() != set(columns):
                raise ValueError(
                    f"{path}: expected the columns {', '.join(columns)}, "
                    f"got a row with {', '.join(row)}"
                )
            writer.writerow([_format(row[column]) for column in columns])


def _format(cell):
    return f"{cell:.{DIGITS}g}" if isinstance(cell, float) else cell


def concatenate(
    paths: Sequence[str | os.PathLike], columns: Sequence[str], output
) -> None:
    """Write one CSV with the rows of all tables, which must have these columns."""
    header = ",".join(columns) + "\n"
    with (
        atomic(output) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        file.write(header)
        for path in paths:
            first, *rows = read_lines(path)
            if first != header:
                raise ValueError(
                    f"{path}: expected the columns {header.strip()!r}, "
                    f"got {first.strip()!r}"
                )
            file.writelines(rows)


def read_lines(path) -> list[str]:
    """Return header and rows of a table as lines; raise ValueError if it is damaged.

    Cells hold no line ends, so every line must have as many cells as the header.
    """
    with open(path, encoding="utf-8", newline="") as file:
        try:
            lines = file.readlines()
        except UnicodeDecodeError:
            raise ValueError(f"{path}: expected a text file; {_REMEDY}") from None
    if not lines or not lines[-1].endswith("\n"):
        raise ValueError(f"{path}: cut short after line {len(lines)}; {_REMEDY}")
    header, *rows = csv.reader(lines)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(
                f"{path}: line {number}: expected {len(header)} cells, got {len(row)}; "
                f"{_REMEDY}"
            )
    return lines
