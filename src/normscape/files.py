"""Files that are whole or not there at all, and tables as CSV."""

import contextlib
import csv
import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` on success.

    The temporary name keeps the suffix, and is removed if the block fails; one of a
    process that was killed is removed by the next to write the same file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.stem)}.[0-9]*{path.suffix}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def digest(path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_table(path, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write a CSV with a header. Numbers get nine digits, which float32 needs.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> write_table(f"{folder}/t.csv", ["step", "loss"], [[0, 0.1], [1, None]])
    >>> print(open(f"{folder}/t.csv").read().strip())
    step,loss
    0,0.1
    1,
    """
    with atomic(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(map(_text, rows))


def _text(row):
    return [f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row]


def concatenate_tables(paths: Sequence[str | os.PathLike], output) -> None:
    """Write one CSV with the rows of all; their headers must agree."""
    header = None
    with atomic(output) as temporary, open(temporary, "w", newline="") as file:
        for path in paths:
            columns, *rows = read_lines(path)
            if header is None:
                header = columns
                file.write(header)
            elif columns != header:
                raise ValueError(
                    f"{path}: found the columns {columns.strip()!r}, "
                    f"expected {header.strip()!r} as in {paths[0]}"
                )
            file.writelines(rows)


def read_lines(path) -> list[str]:
    """Header and rows of a table as lines; a ValueError names a damaged one.

    Cells hold no line ends, so that a line with other than the header's cells is damaged.
    """
    with open(path, newline="") as file:
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


_AGAIN = "delete it, and run again"
