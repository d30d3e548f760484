"""The conditions of an experiment's runs: commit, versions, machine, time and memory."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pandas as pd

from normscape.archive import claim_history, provenance, records


def commit() -> str:
    """The commit of the source, or why there is none."""
    return provenance.commit()


def machines(manifests) -> list[str]:
    """One line per combination of machine and versions, with its number of runs."""
    counts = Counter(_machine(_read(path)) for path in manifests)
    return [f"{machine} ({count} runs)" for machine, count in counts.items()]


def _machine(run):
    parts = [f"{run['device']}, {run['threads']} thread(s) per job"]
    if "processor" in run:  # missing in runs of earlier versions
        memory = f"{run['memory_mb'] / 1024:.1f} GiB of memory"
        parts.append(f"{run['processor']}, {run['cores']} cores, {memory}")
        parts.append(run["operating_system"])
    parts.append(f"{run['system']} {run['machine']}")
    parts.append(f"Python {run['python']}, torch {run['torch']}")
    return ", ".join(parts)


def declared_late(claims: list[str], manifests) -> set[str] | None:
    """The claims that took their present form after the first of the runs had started.

    None where that is unknown, because the project has no commit.
    claims : paths of their files.
    """
    since = claim_history.declared_since(claims)
    if not any(since.values()):
        return None
    first = min(datetime.fromisoformat(_read(path)["started"]) for path in manifests)
    return {id for id, time in since.items() if time is None or time > first}


def data_notes(manifests) -> list[str]:
    """The notes on the data sets of the runs, without duplicates."""
    notes = [note for path in manifests for note in _read(path).get("data_notes", [])]
    return list(dict.fromkeys(notes))


def trainings(manifests) -> list[dict]:
    """Per training its name, its seconds since its last start, and its peak memory.

    The memory is in MiB and includes libraries; None for runs of earlier versions.
    """
    rows = []
    for path in map(Path, manifests):
        run = _read(path)
        start, end = (datetime.fromisoformat(run[key]) for key in ("started", "ended"))
        row = {"name": "/".join(path.parent.parts[-4:])}
        row |= {"seconds": (end - start).total_seconds()}
        rows.append(row | {"memory": run.get("peak_memory_mb")})
    return rows


def stages(folder: Path) -> list[dict]:
    """Per rule the number of its jobs and their total seconds, the longest first.

    Jobs that were submitted to a cluster are missing, because their seconds are unknown.
    """
    jobs = records.timed(records.jobs(records.read(folder)))
    table = pd.DataFrame(
        [(job.rule, job.seconds) for job in jobs], columns=["rule", "seconds"]
    )
    table = table.groupby("rule").seconds.agg(jobs="count", seconds="sum")
    table = table.sort_values("seconds", ascending=False)
    return table.reset_index().to_dict("records")


def _read(manifest) -> dict:
    return json.loads(Path(manifest).read_text(encoding="utf-8"))
