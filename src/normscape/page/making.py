"""How an experiment was made: commit, versions, machine, time a stage."""

import json
from pathlib import Path

import pandas as pd

from normscape.archive import crates, records


def commit() -> str:
    """The commit of the source, or that there is none."""
    try:
        return crates.source()[1]
    except ValueError:
        return "not under version control"


def machines(manifests) -> list[str]:
    """With what the runs were trained, each combination once; from their run.json."""
    found = {}
    for path in manifests:
        run = json.loads(Path(path).read_text())
        text = (
            f"{run['device']}, {run['threads']} thread(s) a job, "
            f"{run['system']} {run['machine']}, "
            f"Python {run['python']}, torch {run['torch']}"
        )
        found[text] = found.get(text, 0) + 1
    return [f"{text} ({count} runs)" for text, count in found.items()]


def stages(folder: Path) -> list[dict]:
    """For each rule the number of its jobs and their seconds in all, the longest first."""
    table = pd.DataFrame(
        [(job.rule, job.seconds) for job in records.jobs(records.read(folder))],
        columns=["rule", "seconds"],
    )
    table = table.groupby("rule").seconds.agg(jobs="count", seconds="sum")
    table = table.sort_values("seconds", ascending=False)
    return table.reset_index().to_dict("records")
