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
import re
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pandas as pd

from normscape.archive import opening
from normscape.archive.crates import CONFIG
from normscape.archive.names import on_disk, printable
from normscape.archive.opening import Archive
from normscape.jobs import command_line
from normscape.pipeline import catalogue, grid, paths
from normscape.tables import CELL
from normscape.tables.rows import read_lines
from tools.project import PROJECT, snakemake

LOCK = "envs/requirements.txt"
# What an archive may hold of its own: nothing that Python or Snakemake would run. The
# lock is compared by versions.
DATA = ("results/", "archive/", ".snakemake/metadata/", "ro-crate-metadata.json", LOCK)
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
    path: str, cells: int, seed: int | None
) -> Iterator[tuple[str, list[str], str]]:
    """Each check's name, its problems, and what to say where there is none."""
    with contextlib.ExitStack() as stack:
        try:
            archive = stack.enter_context(opening.opened(path))
            damages = list(archive.damages())
        except (OSError, ValueError) as error:
            damages = [str(error)]
        yield "integrity", damages, "every file has the bytes that were archived"
        if damages:
            return
        differences = compare_source(archive)
        yield "source", differences, "matches this clone"
        yield "lock", compare_versions(archive), "the versions installed here"
        if differences:  # Only this clone's code is run.
            return
        config = json.loads(archive.path(CONFIG).read_text(encoding="utf-8"))
        yield "trainings", compare_runs(archive, config), "as run.json lists them"
        yield "results", rebuild(archive, config), "rebuilt, equal in bytes"
        runs = grid.cells(config)
        for run in random.Random(seed).sample(runs, min(cells, len(runs))):
            yield f"retrained {'/'.join(map(str, run))}", *retrain(archive, config, run)


def report(check: str, problems: list[str], otherwise: str) -> None:
    """Print the outcome of a check; of many problems only the first."""
    if not problems:
        print(f"ok    {check}: {otherwise}", flush=True)
    for problem in problems[:MOST]:
        print(f"FAIL  {check}: {problem}", flush=True)
    if len(problems) > MOST:
        print(f"FAIL  {check}: and {len(problems) - MOST} more", flush=True)


def compare_source(archive: Archive) -> list[str]:
    """Files of the archive, besides data, that this clone has not, or has otherwise."""
    problems = []
    for name in sorted(archive.checksums):
        if name.startswith(DATA):
            continue
        file = PROJECT / on_disk(name)
        if not file.is_file():
            problem = "differs from this clone's, which has none"
        elif not _is_same(file.read_bytes(), archive.path(name).read_bytes()):
            problem = "differs from this clone's"
        else:
            continue
        problems.append(f"{printable(name)} {problem}; check out its commit")
    return problems


def _is_same(one, other):
    """Whether files are equal; texts also with other line ends, as some systems want."""
    if b"\0" in one:
        return one == other
    return one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")


def compare_versions(archive: Archive) -> list[str]:
    """Packages whose installed version is not the archive's."""
    lock, problems = archive.path(LOCK).read_text(encoding="utf-8"), []
    # A package with a marker (";") is for other systems.
    for name, expected in re.findall(r"(?m)^(\w[\w.-]*)==([^\s;]+)(?!.*;)", lock):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = "none"
        # A build for other devices is the same version: 2.15.0+cpu, from PyTorch's index.
        if installed.partition("+")[0] != expected:
            text = (
                f"{name} is {installed}, expected {expected} as in the archive's lock"
            )
            problems.append(text)
    return problems


def compare_runs(archive: Archive, config: dict) -> list[str]:
    """Runs whose rows of a collected table are not what their run.json lists."""
    problems = []
    for name in catalogue.TABLES_OF_TRAINING:
        table = paths.table(config, name)
        try:
            header, *lines = read_lines(archive.path(table))
        except (OSError, ValueError):
            problems.append(f"{table} is missing or damaged")
            continue
        rows = {cell: [header] for cell in grid.cells(config)}
        for line in lines:
            model, norm, lr, seed = next(csv.reader([line]))[: len(CELL)]
            cell = grid.Cell(model, norm, grid.lr_text(float(lr)), int(seed))
            rows.setdefault(cell, [header]).append(line)
        for cell, lines in rows.items():
            run = "/".join(map(str, cell))
            manifest = paths.train_file(config, "run.json").format(**cell._asdict())
            try:
                text = archive.path(manifest).read_text(encoding="utf-8")
                expected = json.loads(text)["sha256"][f"{name}.csv"]
            except FileNotFoundError:
                problems.append(f"{table} has rows of {run}, which has no run.json")
            except (ValueError, KeyError, TypeError):
                problems.append(f"{manifest} lists no {name}.csv")
            else:
                if hashlib.sha256("".join(lines).encode()).hexdigest() != expected:
                    text = f"{table}: other rows of {run} than its run.json lists"
                    problems.append(text)
    return problems


def rebuild(archive: Archive, config: dict) -> list[str]:
    """Results that differ when they are rebuilt from the archived tables."""
    tables = {*catalogue.summaries(), "verdicts"}
    figures = f"{paths.root(config)}/figures/"
    names = paths.results(config)
    names = [n for n in names if n.startswith(figures) or Path(n).stem in tables]
    problems = [f"{name} is missing" for name in names if name not in archive.checksums]
    with made_again(archive, names) as (folder, failure):
        return (
            [failure]
            if failure
            else problems
            + [
                f"{name} comes out otherwise"
                for name in names
                if name in archive.checksums
                and archive.path(name).read_bytes() != (folder / name).read_bytes()
            ]
        )


def retrain(archive: Archive, config: dict, cell: grid.Cell) -> tuple[list[str], str]:
    """Problems of a run that is retrained, and what to say where there is none."""
    name = paths.train_file(config, "history.csv").format(**cell._asdict())
    with made_again(archive, [name]) as (folder, failure):
        if failure:
            return [failure], ""
        files = archive.path(name), folder / name
        archived, retrained = (path.read_bytes() for path in files)
        if retrained == archived:
            return [], "equal in bytes"
        archived, retrained = (
            pd.read_csv(path, keep_default_na=False).head(FIRST_STEPS).loss
            for path in files
        )
    difference = ((retrained - archived).abs() / archived.abs()).max()
    text = f"losses of the first {FIRST_STEPS} steps differ by {difference:.1e}"
    # Not "greater than": NaN is no agreement.
    return ([] if difference <= TOLERANCE else [text]), text


@contextlib.contextmanager
def made_again(archive: Archive, names: list[str]) -> Iterator[tuple[Path, str]]:
    """A copy of an archive in which Snakemake makes files again, and why it could not.

    What they are made from, and only that, is made where the archive does not hold it.
    """
    with tempfile.TemporaryDirectory(prefix="normscape-verify-") as folder:
        folder = Path(folder)
        archive.copy(folder)
        for name in names:
            (folder / name).unlink(missing_ok=True)
        options = (
            "--configfile",
            CONFIG,
            "--replace-workflow-config",
            "--rerun-triggers",
            "mtime",
        )
        done = snakemake(folder, "--cores", "all", *options, "--", *names)
        lines = done.stderr.strip().splitlines()
        errors = [
            line for line in lines if line.startswith(("Error in rule", "config:"))
        ]
        failure = f"cannot be rebuilt: {(errors or lines)[-1].rstrip(':')}"
        yield folder, failure if done.returncode else ""


if __name__ == "__main__":
    command_line.run(main)
