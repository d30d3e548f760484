"""A copy of the project without results, and Snakemake in it."""

import contextlib
import tempfile
from pathlib import Path

from normscape.archive import records
from tools import project as projects


@contextlib.contextmanager
def project():
    """Yield the folder of a temporary copy."""
    with tempfile.TemporaryDirectory(prefix="normscape-bench-") as name:
        yield projects.copy_of_project(Path(name) / "project")


def snakemake(folder: Path, *arguments: str) -> str:
    """Run Snakemake there and return its output; raise ValueError if it fails."""
    done = projects.snakemake(folder, *arguments)
    output = done.stdout + done.stderr
    if done.returncode:
        raise ValueError(f"snakemake {' '.join(arguments)} failed:\n{output}")
    return output


def jobs(folder: Path) -> list[records.Record]:
    """The jobs that Snakemake has recorded there."""
    return records.jobs(records.read(Path(), folder))


def touch_outputs(folder: Path, *arguments: str) -> None:
    """Write empty outputs and let Snakemake record them as complete.

    arguments : of Snakemake, such as the config.
    """
    for line in snakemake(folder, "--summary", *arguments).splitlines()[1:]:
        output = folder / line.split("\t")[0]
        output.parent.mkdir(parents=True, exist_ok=True)
        output.touch()
    unlimited = ("--max-jobs-per-timespan", "100000/1s")
    unlimited += ("--scheduler-subsample", "100000")
    # Without --notemp Snakemake would delete outputs that later jobs need.
    touch = ("--touch", "--forceall", "--notemp", "--cores", "1000")
    snakemake(folder, *touch, *unlimited, *arguments)
