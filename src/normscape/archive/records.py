"""What Snakemake has recorded of an experiment's outputs, in files or in its database.

``--persistence-backend file``, the default, keeps a JSON file for each output; ``db`` keeps
a table in one SQLite file, in which a working directory has its absolute path as namespace.
"""

import base64
import contextlib
import json
import sqlite3
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(".snakemake/metadata")
DATABASE = Path(".snakemake/metadata.db")
_JSON = ("input", "log", "params", "input_checksums")
# A longer name is cut into folders, whose names begin with "@".
_LONGEST_NAME = 254


class Record(NamedTuple):
    """Of one output: the rule and the logs of its job, and when that ran (seconds)."""

    output: Path
    rule: str
    logs: tuple[str, ...]
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def read(results: Path, project: Path = Path()) -> list[Record]:
    """The records of the files in the folder ``results`` of a project."""
    return [
        Record(
            output,
            record["rule"],
            tuple(record["log"]),
            record["starttime"],
            record["endtime"],
        )
        for output, record in _records(results, project).items()
    ]


def as_files(results: Path, outputs: Container[str]) -> dict[str, bytes]:
    """The records of these outputs as files of the file backend, by their names.

    An archive holds them so.
    """
    return {
        str(FOLDER / _name(output)): json.dumps(record).encode()
        for output, record in _records(results, Path()).items()
        if str(output) in outputs
    }


def jobs(records: list[Record]) -> list[Record]:
    """The longest record of each job; a job has one record per output."""
    longest = {}
    for record in records:
        key = record.rule, record.logs
        if key not in longest or record.seconds > longest[key].seconds:
            longest[key] = record
    return list(longest.values())


def timed(jobs: list[Record]) -> list[Record]:
    """Without those submitted to a cluster: Snakemake notes their start after their end."""
    return [job for job in jobs if job.seconds >= 0]


def _records(results, project) -> dict[Path, dict]:
    """By output, sorted; the later one where each backend has one."""
    latest = {}
    for records in (_in_files(results, project), _in_database(results, project)):
        for output, record in records:
            if output not in latest or record["endtime"] > latest[output]["endtime"]:
                latest[output] = record
    return dict(sorted(latest.items()))


def _in_files(results, project):
    for path in (project / FOLDER).rglob("*"):
        output = _output(path.relative_to(project / FOLDER))
        if path.is_file() and output.is_relative_to(results):
            yield output, json.loads(path.read_text(encoding="utf-8"))


def _in_database(results, project):
    path = (project / DATABASE).absolute()
    if not path.is_file():
        return
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        # One without a rule says only that a job has begun.
        rows = database.execute(
            "SELECT * FROM snakemake_metadata WHERE namespace = ? AND rule NOT NULL",
            [str(path.parent)],
        )
        for row in map(dict, rows):
            del row["namespace"]
            output = Path(row.pop("target"))
            if output.is_relative_to(results):
                row |= {k: json.loads(row[k]) for k in _JSON if row[k] is not None}
                yield output, row | {"incomplete": False}


def _output(name: Path) -> Path:
    text = "".join(part.removeprefix("@") for part in name.parts)
    return Path(base64.urlsafe_b64decode(text).decode())


def _name(output: Path) -> Path:
    text = base64.urlsafe_b64encode(str(output).encode()).decode()
    cuts = range(0, len(text), _LONGEST_NAME)
    *folders, name = (text[cut : cut + _LONGEST_NAME] for cut in cuts)
    return Path(*(f"@{folder}" for folder in folders), name)
