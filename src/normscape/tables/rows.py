"""Tables written and joined a row at a time."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence

from normscape.files import atomic

_AGAIN = "delete it, and run again"


def write(path, columns: Sequence[str], rows: Iterable[Mapping]) -> None:
    """Write a CSV with a header. Numbers get nine digits, which float32 needs.

    A ValueError names the first row whose keys are not the columns.

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
                    f"{path}: found a row with {', '.join(row)}; "
                    f"the columns are {', '.join(columns)}"
                )
            writer.writerow([_text(row[column]) for column in columns])


def _text(cell):
    return f"{cell:.9g}" if isinstance(cell, float) else cell


def concatenate(
    paths: Sequence[str | os.PathLike], columns: Sequence[str], output
) -> None:
    """Write one CSV with the rows of all, which must have these columns."""
    header = ",".join(columns) + "\n"
    with (
        atomic(output) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        file.write(header)
        for path in paths:
            found, *rows = read_lines(path)
            if found != header:
                raise ValueError(
                    f"{path}: found the columns {found.strip()!r}, "
                    f"expected {header.strip()!r}"
                )
            file.writelines(rows)


def read_lines(path) -> list[str]:
    """Header and rows of a table as lines; a ValueError names a damaged one.

    Cells hold no line ends, so that a line with other than the header's cells is damaged.
    """
    with open(path, encoding="utf-8", newline="") as file:
        try:
            lines = file.readlines()
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not a table but bytes; {_AGAIN}") from None
    if not lines or not lines[-1].endswith("\n"):
        raise ValueError(f"{path}: cut short after line {len(lines)}; {_AGAIN}")
    header, *rows = csv.reader(lines)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(
                f"{path}: line {number} has {len(row)} cells, expected {len(header)}; "
                f"{_AGAIN}"
            )
    return lines
