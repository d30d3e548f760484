"""How an experiment was made: commit, versions, machine, time and memory."""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd

from normscape.archive import provenance, records


def commit() -> str:
    """The commit of the source, or why there is none."""
    return provenance.commit()


def machines(manifests) -> list[str]:
    """With what the runs were trained, each combination once; from their run.json."""
    found = {}
    for path in manifests:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        parts = [f"{run['device']}, {run['threads']} thread(s) a job"]
        if "processor" in run:  # a run of an earlier version says less
            memory = f"{run['memory_mb'] / 1024:.1f} GiB of memory"
            parts.append(f"{run['processor']}, {run['cores']} cores, {memory}")
            parts.append(run["operating_system"])
        parts.append(f"{run['system']} {run['machine']}")
        parts.append(f"Python {run['python']}, torch {run['torch']}")
        text = ", ".join(parts)
        found[text] = found.get(text, 0) + 1
    return [f"{text} ({count} runs)" for text, count in found.items()]


def data_notes(manifests) -> list[str]:
    """The notes on the data sets that the runs were trained on, each once."""
    found = {}
    for path in manifests:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        found |= dict.fromkeys(run.get("data_notes", []))
    return list(found)


def trainings(manifests) -> list[dict]:
    """For each training its name, its seconds since it last started, and its peak memory.

    The memory is in MiB, with the libraries; None for a run of an earlier version.
    """
    found = []
    for path in map(Path, manifests):
        run = json.loads(path.read_text(encoding="utf-8"))
        start, end = (datetime.fromisoformat(run[key]) for key in ("started", "ended"))
        found.append(
            {
                "name": "/".join(path.parent.parts[-4:]),
                "seconds": (end - start).total_seconds(),
                "memory": run.get("peak_memory_mb"),
            }
        )
    return found


def stages(folder: Path) -> list[dict]:
    """For each rule the number of its jobs and their seconds in all, the longest first.

    Without jobs that were submitted to a cluster, whose seconds are not known.
    """
    jobs = records.timed(records.jobs(records.read(folder)))
    table = pd.DataFrame(
        [(job.rule, job.seconds) for job in jobs],
        columns=["rule", "seconds"],
    )
    table = table.groupby("rule").seconds.agg(jobs="count", seconds="sum")
    table = table.sort_values("seconds", ascending=False)
    return table.reset_index().to_dict("records")
