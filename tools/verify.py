"""Verify an archive. Prints one line per check; the exit status is 0 only if all hold.

integrity  every file has the checksum of the archive
source     source files are those of this clone
lock file  the installed versions are those of the archive's lock file
runs       rows of the collected tables have the checksums that each run.json lists
results    summaries, verdicts and figures, rebuilt from the archived tables, are bitwise
           identical
retrained  with --cells N, N random runs are trained again; histories are bitwise identical on
           the same kind of machine, and close on others
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
# Files of an archive that need not be in this clone; Python and Snakemake run none of them. The
# lock file is compared by versions.
DATA = ("results/", "archive/", ".snakemake/metadata/", "ro-crate-metadata.json", LOCK)
# Problems of one check that are printed.
MOST = 50
# Relative tolerance of a retrained history on another kind of machine. Rounding errors grow with
# each step, so only the first steps are compared.
TOLERANCE, FIRST_STEPS = 1e-3, 10


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("archive", help="zip made by `make archive`, or its folder")
    arguments.add_argument(
        "--cells", type=int, default=0, help="number of random runs to retrain (0)"
    )
    arguments.add_argument(
        "--seed", type=int, help="seed of the choice of runs (random)"
    )
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
        yield "integrity", damages, "every file has the archived checksum"
        if damages:
            return
        differences = compare_source(archive)
        yield "source", differences, "matches this clone"
        yield "lock file", compare_versions(archive), "matches the installed versions"
        if differences:  # Only this clone's code is run.
            return
        config = json.loads(archive.path(CONFIG).read_text(encoding="utf-8"))
        yield "runs", compare_runs(archive, config), "match the checksums in run.json"
        yield "results", rebuild(archive, config), "rebuilt, bitwise identical"
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
            problem = "expected in this clone, got none"
        elif not _is_same(file.read_bytes(), archive.path(name).read_bytes()):
            problem = "differs from this clone's file"
        else:
            continue
        problems.append(f"{printable(name)}: {problem}; check out the archive's commit")
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
            text = f"{name}: expected version {expected}, as in the archive's lock file, got {installed}"
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
            problems.append(f"{table}: expected a complete table, got none")
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
                problems.append(
                    f"{table}: expected a run.json for the rows of {run}, got none"
                )
            except (ValueError, KeyError, TypeError):
                problems.append(
                    f"{manifest}: expected a checksum of {name}.csv, got none"
                )
            else:
                if hashlib.sha256("".join(lines).encode()).hexdigest() != expected:
                    text = f"{table}: checksum mismatch between the rows of {run} and its run.json"
                    problems.append(text)
    return problems


def rebuild(archive: Archive, config: dict) -> list[str]:
    """Results that differ when they are rebuilt from the archived tables."""
    tables = {*catalogue.summaries(), "verdicts"}
    figures = f"{paths.root(config)}/figures/"
    names = paths.results(config)
    names = [n for n in names if n.startswith(figures) or Path(n).stem in tables]
    problems = [f"{name}: missing" for name in names if name not in archive.checksums]
    with made_again(archive, names) as (folder, failure):
        return (
            [failure]
            if failure
            else problems
            + [
                f"{name}: differs when it is rebuilt"
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
            return [], "bitwise identical"
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
