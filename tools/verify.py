"""Verify an archive: a line for each check, and exit 0 only if all hold.

Every file has the bytes that were archived; the source and the lock are this clone's;
each run's history and evaluation, taken from the collected tables, are those that its
run.json lists; all tables made from tables, verdicts and figures are rebuilt from the
archived tables, and equal in bytes; with --cells, so many runs picked at random are trained
again, and their histories compared: equal in bytes on the same kind of machine,
elsewhere close.
"""

import contextlib
import csv
import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pandas as pd

from normscape.archive import zips
from normscape.archive.crates import CONFIG
from normscape.archive.names import printable
from normscape.jobs import command_line
from normscape.pipeline import grid, paths
from normscape.tables import CELL
from normscape.tables.rows import read_lines
from tools.project import PROJECT, snakemake

LOCK = "envs/requirements.txt"
# What an archive may hold of its own: nothing that Python or Snakemake would run. The
# lock is looked at apart.
DATA = (
    *("results/", "archive/", ".snakemake/metadata/", LOCK),
    *(zips.CHECKSUMS, "ro-crate-metadata.json"),
)
# Problems of one check that are printed.
MOST = 50
# Of a retrained history on another kind of machine, over the first steps: rounding
# grows with each step, so that later ones say nothing.
TOLERANCE, FIRST_STEPS = 1e-3, 10


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("archive", help="zip made by `make archive`, or its folder")
    arguments.add_argument("--cells", type=int, default=0, help="runs to retrain (0)")
    arguments.add_argument("--seed", type=int, help="of the choice of runs (at random)")
    args = arguments.parse_args()

    failed = False
    for check, problems, otherwise in checks(args.archive, args.cells, args.seed):
        report(check, problems, otherwise)
        failed |= bool(problems)
    raise SystemExit(failed)


def checks(
    archive: str, cells: int, seed: int | None
) -> Iterator[tuple[str, list[str], str]]:
    """Each check's name, its problems, and what to say where there is none."""
    damages = list(zips.damages(archive))
    yield "integrity", damages, "every file has the bytes that were archived"
    if damages:
        return
    with tempfile.TemporaryDirectory(prefix="normscape-verify-") as name:
        folder = Path(name)
        zips.unpack(archive, folder)
        differences = other_source(folder)
        yield "source", differences, "matches this clone"
        yield "lock", other_versions(folder), "the versions installed here"
        if differences:  # Only this clone's code is run.
            return
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        yield "trainings", other_trainings(folder, config), "as run.json lists them"
        yield "results", other_results(folder, config), "rebuilt, equal in bytes"
        runs = grid.cells(config)
        for run in random.Random(seed).sample(runs, min(cells, len(runs))):
            label = f"retrained {'/'.join(map(str, run))}"
            yield label, *retrained(folder, config, run)


def report(check: str, problems: list[str], otherwise: str) -> None:
    """Print the outcome of a check; of many problems only the first."""
    if not problems:
        print(f"ok    {check}: {otherwise}", flush=True)
    for problem in problems[:MOST]:
        print(f"FAIL  {check}: {problem}", flush=True)
    if len(problems) > MOST:
        print(f"FAIL  {check}: and {len(problems) - MOST} more", flush=True)


def other_source(folder: Path) -> list[str]:
    """Files of the archive, besides data, that this clone has not, or has otherwise."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name.startswith(DATA):
            continue
        here = PROJECT / name
        if not here.is_file():
            problem = "differs from this clone's, which has none"
        elif not _is_same(here.read_bytes(), path.read_bytes()):
            problem = "differs from this clone's"
        else:
            continue
        found.append(f"{printable(name)} {problem}; check out its commit")
    return found


def _is_same(one, other):
    """Whether files are equal; texts also with other line ends, as some systems want."""
    if b"\0" in one:
        return one == other
    return one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")


def other_versions(folder: Path) -> list[str]:
    """Packages whose installed version is not the archive's."""
    found = []
    for line in (folder / LOCK).read_text(encoding="utf-8").splitlines():
        name, separator, rest = line.partition("==")
        if not separator or line.startswith((" ", "#")) or ";" in line:
            continue
        expected = rest.split()[0]
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = "none"
        # A build for other devices is the same version: 2.15.0+cpu, from PyTorch's index.
        if installed.partition("+")[0] != expected:
            found.append(
                f"{name} is {installed} here, {expected} in the archive's lock"
            )
    return found


def other_trainings(folder: Path, config: dict) -> list[str]:
    """Runs whose rows of a collected table are not what their run.json lists."""
    found = []
    for name in paths.TABLES_OF_TRAINING:
        table = paths.table(config, name)
        try:
            header, *lines = read_lines(folder / table)
        except (OSError, ValueError):
            found.append(f"{table} is missing or damaged")
            continue
        of_run = {cell: [header] for cell in grid.cells(config)}
        for line in lines:
            model, norm, lr, seed = next(csv.reader([line]))[: len(CELL)]
            cell = grid.Cell(model, norm, grid.lr_text(float(lr)), int(seed))
            of_run.setdefault(cell, [header]).append(line)
        for cell, rows in of_run.items():
            run = "/".join(map(str, cell))
            manifest = paths.train_file(config, "run.json").format(**cell._asdict())
            if not (folder / manifest).is_file():
                found.append(f"{table} has rows of {run}, which has no run.json")
                continue
            try:
                listed = json.loads((folder / manifest).read_text(encoding="utf-8"))[
                    "sha256"
                ]
                expected = listed[f"{name}.csv"]
            except (ValueError, KeyError, TypeError):
                found.append(f"{manifest} lists no {name}.csv")
                continue
            if hashlib.sha256("".join(rows).encode()).hexdigest() != expected:
                found.append(f"{table}: other rows of {run} than its run.json lists")
    return found


def other_results(folder: Path, config: dict) -> list[str]:
    """Results that come out otherwise when rebuilt from the archived tables."""
    root = paths.root(config)
    targets = [
        name
        for name in paths.results(config)
        if name.startswith(f"{root}/figures/")
        or Path(name).stem in (*paths.summaries(), "verdicts")
    ]
    with rebuilt(folder, targets) as (again, said):
        if said:
            return [said]
        here = [name for name in targets if (folder / name).is_file()]
        return [f"{name} is missing" for name in targets if name not in here] + [
            f"{name} comes out otherwise"
            for name in here
            if (again / name).read_bytes() != (folder / name).read_bytes()
        ]


def retrained(folder: Path, config: dict, cell: grid.Cell) -> tuple[list[str], str]:
    """Problems of a run that is trained again, and what to say where there is none."""
    name = paths.train_file(config, "history.csv").format(**cell._asdict())
    with rebuilt(folder, [name]) as (again, said):
        if said:
            return [said], ""
        if (again / name).read_bytes() == (folder / name).read_bytes():
            return [], "equal in bytes"
        ours, theirs = (
            pd.read_csv(place / name, keep_default_na=False).head(FIRST_STEPS)
            for place in (again, folder)
        )
    difference = ((ours.loss - theirs.loss).abs() / theirs.loss.abs()).max()
    found = f"losses of the first {FIRST_STEPS} steps differ by {difference:.1e}"
    # Not "greater than": NaN is no agreement.
    return ([] if difference <= TOLERANCE else [found]), found


@contextlib.contextmanager
def rebuilt(folder: Path, names: list[str]):
    """A copy of an unpacked archive where Snakemake makes files again, and its failure.

    What they are made from, and only that, is made where the archive does not hold it.
    """
    with tempfile.TemporaryDirectory(prefix="normscape-verify-") as name:
        again = Path(name) / "project"
        shutil.copytree(folder, again)
        for path in names:
            (again / path).unlink(missing_ok=True)
        options = ("--configfile", CONFIG, "--rerun-triggers", "mtime")
        done = snakemake(again, "--cores", "all", *options, "--", *names)
        said = done.stderr.strip().splitlines()
        why = [line for line in said if line.startswith(("Error in rule", "config:"))]
        failure = f"cannot be rebuilt: {(why or said)[-1].rstrip(':')}"
        yield again, failure if done.returncode else ""


if __name__ == "__main__":
    command_line.run(main)
