"""What the pipeline itself costs: start-up, idle cores, and looking for work."""

import functools
import json
import os
import subprocess
import sys
import time

import yaml

from benchmarks import copies, timing
from tools.project import PROJECT, environment

USE_COLUMNS = (
    "seeds",
    "cores",
    "jobs",
    "wall_seconds",
    "start_up_seconds",
    "import_seconds",
    "part",
    "share",
)
# The experiment with the most jobs.
PAPER = ("--configfile", "workflow/presets/paper.yaml")
DRY_RUN_COLUMNS = (
    "experiment",
    "jobs",
    "to_do",
    "seconds",
    "seconds_low",
    "seconds_high",
)

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
    idle cores). import_seconds : of such jobs, if each imported its libraries itself.
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
        run |= {"import_seconds": start_up_seconds(cores, "import")}
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
    """Seconds of a dry run, by number of jobs: when all is to do, and when nothing is.

    Of the default experiment with so many seeds of everything, and of the paper preset.
    Outputs that are there are empty files that Snakemake is told to regard as made.
    """
    experiments = [
        (f"default, seeds: {count}", count, ("--configfile", "seeds.json"))
        for count in seeds
    ]
    experiments.append(("paper", None, PAPER))
    rows = []
    for name, count, config in experiments:
        with copies.project() as folder:
            if count:
                _write_config(folder, count)
            everything, _ = _dry_run(folder, config)
            copies.pretend(folder, *config)
            nothing, said = _dry_run(folder, config)
            if "Nothing to be done" not in said:
                raise ValueError(f"{name}: expected nothing to do, found\n{said}")
            jobs = len(copies.jobs(folder))
        for to_do, times in (("all", everything), ("nothing", nothing)):
            values = [name, jobs, to_do, *timing.spread(times)]
            rows.append(dict(zip(DRY_RUN_COLUMNS, values, strict=True)))
    return rows


def _dry_run(folder, config) -> tuple[list[float], str]:
    """Seconds of three dry runs, and what the last one said."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        said = copies.snakemake(folder, "--dry-run", *config)
        times.append(time.perf_counter() - start)
    return times, said


def _write_config(folder, seeds):
    """The default experiment, with so many seeds of everything."""
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    models = [*config["models"].values()]
    for settings in models:
        settings["seeds"] = list(range(seeds))
    for probe in config["probes"].values():
        models += probe["models"].values()
    for settings in models:
        for block in settings["grid"]:
            block.pop("seeds", None)
    (folder / "seeds.json").write_text(json.dumps(config), encoding="utf-8")


@functools.cache
def start_up_seconds(cores: int, how: str = "fork") -> float:
    """Median seconds of a script of the project that only imports, so many at once.

    how : as the pipeline starts them, "fork", or each with an "import" of its own.
    """
    with copies.project() as folder:
        script = folder / "src/nothing.py"
        script.write_text(SCRIPT, encoding="utf-8")
        # Of the copy, whose server knows its scripts, in a process of its own.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.start_up", script, str(cores), how],
            env=environment() | {"PYTHONPATH": f"{folder}/src{os.pathsep}{PROJECT}"},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
    return float(done.stdout)
