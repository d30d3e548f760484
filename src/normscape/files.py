"""Files that are whole or not there at all, and tables as CSV."""

import contextlib
import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

# The first columns of every table: which run a row belongs to.
CELL_COLUMNS = ("model", "norm", "lr", "seed")


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` on success.

    The temporary name keeps the suffix, and is removed if the block fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
            with open(path, newline="") as part:
                columns = part.readline()
                if header is None:
                    header = columns
                    file.write(header)
                elif columns != header:
                    raise ValueError(
                        f"{path}: found the columns {columns.strip()!r}, "
                        f"expected {header.strip()!r} as in {paths[0]}"
                    )
                file.writelines(part)
