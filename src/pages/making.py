"""How an experiment was made: commit, versions, machine, time a stage."""

import json
from pathlib import Path

import pandas as pd

from normscape import crates


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


def stages(folder: Path) -> pd.DataFrame:
    """For each rule the number of its jobs, and their seconds in all.

    From Snakemake's records; a job with several outputs counts once.
    """
    records = [json.loads(path.read_text()) for path in crates.records(folder)]
    jobs: dict[tuple, float] = {}
    for record in records:
        # Each output has a record of its own; a job's log is its own.
        key = record["rule"], *record["log"]
        jobs[key] = max(jobs.get(key, 0), record["endtime"] - record["starttime"])
    table = pd.DataFrame(
        [(key[0], seconds) for key, seconds in jobs.items()],
        columns=["rule", "seconds"],
    )
    table = table.groupby("rule").seconds.agg(jobs="count", seconds="sum")
    return table.sort_values("seconds", ascending=False)
