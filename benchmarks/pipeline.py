"""What the pipeline itself costs: start-up, idle cores, and looking for work."""

import contextlib
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from normscape import command_line, fork_server

USE_COLUMNS = ("seeds", "cores", "jobs", "wall_seconds", "part", "share")
DRY_RUN_COLUMNS = ("jobs", "seconds")
PROJECT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "src", "envs", "profiles")

# Rules by what their scripts import before they begin: libraries that the fork server
# has, and modules of ours.
IMPORTS = {
    ((), "normscape.files"): ("collect", "check"),
    (command_line.TORCH, "normscape.checkpoints"): (
        *("prepare", "train_", "probe_", "theory"),
    ),
    (("pandas", "scipy.stats"), "normscape.verdicts"): ("summarise", "verdicts"),
    (("pandas", "matplotlib.pyplot"), "figures.panels"): ("figure", "page"),
}
# A job that computes nothing.
SCRIPT = """
from normscape import command_line


def main():
    import {module}


if __name__ == "__main__":
    command_line.run(main, *{libraries})
"""


def use(runs) -> list[list]:
    """Where the core-seconds of the default experiment go; a row for each part.

    runs : pairs of a number of seeds and of cores. Parts, as shares of cores x wall
    time: "computation" (jobs without their start-up), "start-up" (jobs that compute
    nothing: measured apart, as many at once as there are cores), and "rest" (Snakemake,
    idle cores).
    """
    rows = []
    for seeds, cores in runs:
        with _project() as folder:
            _write_config(folder, seeds)
            start = time.perf_counter()
            _snakemake(folder, "--cores", str(cores), "--configfile", "seeds.json")
            wall = time.perf_counter() - start
            jobs = _jobs(folder)
        for part, share in _shares(jobs, cores, wall).items():
            rows.append([seeds, cores, len(jobs), wall, part, share])
    return rows


def _shares(jobs, cores: int, wall: float) -> dict[str, float]:
    """Parts of cores x wall time, given (rule, seconds) of all jobs."""
    start_up = computing = 0.0
    for imports, rules in IMPORTS.items():
        seconds = [s for rule, s in jobs if rule.startswith(rules)]
        starting = min(start_up_seconds(*imports, cores) * len(seconds), sum(seconds))
        start_up += starting
        computing += sum(seconds) - starting
    return {
        "computation": computing / (cores * wall),
        "start-up": start_up / (cores * wall),
        "rest": 1 - (computing + start_up) / (cores * wall),
    }


def dry_runs(seeds=(1, 5, 26)) -> list[list]:
    """Seconds until Snakemake says that there is nothing to do, by number of jobs.

    The outputs are empty files that Snakemake is told to regard as made.
    """
    rows = []
    for count in seeds:
        with _project() as folder:
            _write_config(folder, count)
            config = ("--configfile", "seeds.json")
            for line in _snakemake(folder, "--summary", *config).splitlines()[1:]:
                output = folder / line.split("\t")[0]
                output.parent.mkdir(parents=True, exist_ok=True)
                output.touch()
            unlimited = ("--max-jobs-per-timespan", "100000/1s")
            unlimited += ("--scheduler-subsample", "100000")
            touch = ("--touch", "--forceall", "--cores", "1000")
            _snakemake(folder, *touch, *unlimited, *config)
            jobs = len(_jobs(folder))
            times = []
            for _ in range(3):
                start = time.perf_counter()
                said = _snakemake(folder, "--dry-run", *config)
                times.append(time.perf_counter() - start)
            if "Nothing to be done" not in said:
                raise ValueError(f"{jobs} jobs: expected nothing to do, found\n{said}")
            rows.append([jobs, statistics.median(times)])
    return rows


@contextlib.contextmanager
def _project():
    """A copy of the project without any results, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="normscape-bench-") as name:
        for part in PARTS:
            copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
            copy(PROJECT / part, Path(name) / part)
        yield Path(name)


def _write_config(folder, seeds):
    models = {name: {"seeds": list(range(seeds))} for name in ("vgg", "dln")}
    (folder / "seeds.json").write_text(json.dumps({"models": models}))


def _snakemake(folder, *arguments) -> str:
    """What Snakemake says; jobs run with the interpreter that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(f"snakemake {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout + done.stderr


def _jobs(folder) -> list[tuple[str, float]]:
    """(rule, seconds) of each job, from the records that Snakemake keeps of outputs."""
    jobs = {}
    for path in (folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text())
            key = record["rule"], *record["log"], record["shellcmd"]
            jobs[key] = record["endtime"] - record["starttime"]
    return [(rule, seconds) for (rule, *_), seconds in jobs.items()]


@functools.cache
def start_up_seconds(
    libraries: tuple[str, ...], module: str, cores: int, rounds: int = 5
) -> float:
    """Median seconds of a job that only imports, with ``cores`` of them at once."""
    _start_server()
    script = SCRIPT.format(libraries=libraries, module=module)
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    times = []
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script)
        file.flush()
        for _ in range(rounds + 1):
            start = time.perf_counter()
            command = ["python", file.name]
            jobs = [subprocess.Popen(command, env=environment) for _ in range(cores)]
            for job in jobs:
                if job.wait():
                    raise ValueError(f"a job that only imports {module} failed")
                times.append(time.perf_counter() - start)
    return statistics.median(times[cores:])  # the server imports in the first round


@functools.cache
def _start_server():
    """Once, for as long as this process lives."""
    fork_server.start()
