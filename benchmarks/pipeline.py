"""What the pipeline itself costs: start-up, idle cores, and looking for work."""

import functools
import json
import os
import statistics
import subprocess
import sys
import time

import yaml

from benchmarks import copies
from tools.project import PROJECT

USE_COLUMNS = (
    "seeds",
    "cores",
    "jobs",
    "wall_seconds",
    "start_up_seconds",
    "part",
    "share",
)
DRY_RUN_COLUMNS = ("jobs", "seconds", "cpu_seconds")

# A job that computes nothing.
SCRIPT = """
from normscape.jobs import command_line


def main():
    from normscape.training import checkpoints


if __name__ == "__main__":
    command_line.run(main)
"""


def use(runs) -> list[dict]:
    """Where the core-seconds of the default experiment go; a row for each part.

    runs : pairs of a number of seeds and of cores. Parts, as shares of cores x wall
    time: "computation" (jobs without their start-up), "start-up" (jobs that compute
    nothing: measured apart, as many at once as there are cores), and "rest" (Snakemake,
    idle cores).
    """
    rows = []
    for seeds, cores in runs:
        with copies.project() as folder:
            _write_config(folder, seeds)
            start = time.perf_counter()
            copies.snakemake(
                folder, "--cores", str(cores), "--configfile", "seeds.json"
            )
            wall = time.perf_counter() - start
            seconds = [job.seconds for job in copies.jobs(folder)]
        run = {"seeds": seeds, "cores": cores, "jobs": len(seconds)}
        run |= {"wall_seconds": wall, "start_up_seconds": start_up_seconds(cores)}
        for part, share in _shares(seconds, cores, wall).items():
            rows.append(run | {"part": part, "share": share})
    return rows


def _shares(seconds: list[float], cores: int, wall: float) -> dict[str, float]:
    """Parts of cores x wall time, given the seconds of all jobs."""
    each = start_up_seconds(cores)
    start_up = sum(min(each, job) for job in seconds)
    computing = sum(seconds) - start_up
    return {
        "computation": computing / (cores * wall),
        "start-up": start_up / (cores * wall),
        "rest": 1 - (computing + start_up) / (cores * wall),
    }


def dry_runs(seeds=(1, 4, 12)) -> list[dict]:
    """Seconds until Snakemake says that there is nothing to do, by number of jobs.

    The outputs are empty files that Snakemake is told to regard as made.
    """
    rows = []
    for count in seeds:
        with copies.project() as folder:
            _write_config(folder, count)
            config = ("--configfile", "seeds.json")
            copies.pretend(folder, *config)
            jobs = len(copies.jobs(folder))
            times = []
            for _ in range(3):
                before = os.times()
                start = time.perf_counter()
                said = copies.snakemake(folder, "--dry-run", *config)
                times.append((time.perf_counter() - start, _cpu_since(before)))
            if "Nothing to be done" not in said:
                raise ValueError(f"{jobs} jobs: expected nothing to do, found\n{said}")
            wall, cpu = map(statistics.median, zip(*times, strict=True))
            rows.append({"jobs": jobs, "seconds": wall, "cpu_seconds": cpu})
    return rows


def _cpu_since(before: os.times_result) -> float:
    now = os.times()
    return (
        now.children_user
        - before.children_user
        + now.children_system
        - before.children_system
    )


def _write_config(folder, seeds):
    """The default experiment, with so many seeds of everything."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    models = [*config["models"].values()]
    for settings in models:
        settings["seeds"] = list(range(seeds))
    for probe in config["probes"].values():
        models += probe["models"].values()
    for settings in models:
        for block in settings["grid"]:
            block.pop("seeds", None)
    (folder / "seeds.json").write_text(json.dumps(config))


@functools.cache
def start_up_seconds(cores: int) -> float:
    """Median seconds of a script of the project that only imports, so many at once."""
    with copies.project() as folder:
        script = folder / "src/nothing.py"
        script.write_text(SCRIPT)
        # Of the copy, whose server knows its scripts, and in a process of its own: starting
        # the server puts another `python` first on the PATH.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.start_up", script, str(cores)],
            env=os.environ | {"PYTHONPATH": f"{folder}/src{os.pathsep}{PROJECT}"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return float(done.stdout)
