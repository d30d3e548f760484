"""A copy of the project without results, and Snakemake in it."""

import contextlib
import tempfile
from pathlib import Path

from normscape.archive import records
from tools import project as projects


@contextlib.contextmanager
def project():
    """The folder of a copy, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="normscape-bench-") as name:
        yield projects.copy_of_project(Path(name) / "project")


def snakemake(folder: Path, *arguments: str) -> str:
    """What Snakemake says there; a ValueError says that it failed."""
    done = projects.snakemake(folder, *arguments)
    said = done.stdout + done.stderr
    if done.returncode:
        raise ValueError(f"snakemake {' '.join(arguments)} failed:\n{said}")
    return said


def jobs(folder: Path) -> list[records.Record]:
    """The jobs that Snakemake has recorded there."""
    return records.jobs(records.read(Path(), folder))


def pretend(folder: Path, *arguments: str) -> None:
    """Write empty outputs, which Snakemake is told to regard as made.

    arguments : of Snakemake; the config, and what to leave out.
    """
    for line in snakemake(folder, "--summary", *arguments).splitlines()[1:]:
        output = folder / line.split("\t")[0]
        output.parent.mkdir(parents=True, exist_ok=True)
        output.touch()
    unlimited = ("--max-jobs-per-timespan", "100000/1s")
    unlimited += ("--scheduler-subsample", "100000")
    # Temporary outputs stay, for jobs that are left out.
    touch = ("--touch", "--forceall", "--notemp", "--cores", "1000")
    snakemake(folder, *touch, *unlimited, *arguments)
