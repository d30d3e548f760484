"""What Snakemake has recorded of an experiment's outputs, with its file backend."""

import base64
import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(".snakemake/metadata")


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


def paths(results: Path, project: Path = Path()) -> list[Path]:
    """The records of what lies in the folder ``results`` of a project, sorted."""
    return sorted(
        path
        for path in (project / FOLDER).rglob("*")
        if path.is_file() and _output(path, project).is_relative_to(results)
    )


def read(results: Path, project: Path = Path()) -> list[Record]:
    """As ``paths``, read."""
    found = []
    for path in paths(results, project):
        record = json.loads(path.read_text())
        found.append(
            Record(
                _output(path, project),
                record["rule"],
                tuple(record["log"]),
                record["starttime"],
                record["endtime"],
            )
        )
    return found


def jobs(records: list[Record]) -> list[Record]:
    """One record a job, which has one for each of its outputs: the longest."""
    longest = {}
    for record in records:
        key = record.rule, record.logs
        if key not in longest or record.seconds > longest[key].seconds:
            longest[key] = record
    return list(longest.values())


def _output(path, project):
    # Long names are cut into folders, whose names begin with "@".
    parts = path.relative_to(project / FOLDER).parts
    name = "".join(part.removeprefix("@") for part in parts)
    return Path(base64.urlsafe_b64decode(name).decode())
