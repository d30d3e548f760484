"""Costs of the pipeline itself: start-up, idle cores, and planning."""

import functools
import json
import os
import re
import subprocess
import sys
import time

import yaml

from benchmarks import copies, timing
from tools.project import PROJECT, environment

DRY_RUNS = 3
# The experiment with the most jobs.
PAPER = ("--configfile", "workflow/presets/paper.yaml")

# A job that computes nothing.
SCRIPT = """
from normscape.jobs import command_line


def main():
    from normscape.training import checkpoints


if __name__ == "__main__":
    command_line.run(main)
"""


def use(runs) -> list[dict]:
    """Shares of the default experiment's core-seconds: one row per run and part.

    runs : pairs of a number of seeds and a number of cores. Parts, divided by cores x wall
    time: "computation" (jobs without their start-up), "start-up" (of jobs that compute
    nothing, measured separately, as many at once as cores), and "rest" (Snakemake, idle
    cores).
    """
    rows = []
    for seeds, cores in runs:
        with copies.project() as folder:
            config = _write_config(folder, seeds)
            start = time.perf_counter()
            copies.snakemake(folder, "--cores", str(cores), *config)
            wall = time.perf_counter() - start
            seconds = [job.seconds for job in copies.jobs(folder)]
        run = {"seeds": seeds, "cores": cores, "jobs": len(seconds)}
        run |= {"wall_seconds": wall, "start_up_seconds": start_up_seconds(cores)}
        for part, share in _shares(seconds, cores, wall).items():
            rows.append(run | {"part": part, "share": share})
    return rows


def _shares(seconds: list[float], cores: int, wall: float) -> dict[str, float]:
    """Shares of cores x wall time, given the seconds of all jobs."""
    each = start_up_seconds(cores)
    start_up = sum(min(each, job) for job in seconds)
    computing = sum(seconds) - start_up
    return {
        "computation": computing / (cores * wall),
        "start-up": start_up / (cores * wall),
        "rest": 1 - (computing + start_up) / (cores * wall),
    }


def dry_runs(seeds=(2, 6)) -> list[dict]:
    """Seconds of a dry run with all to do: one row per experiment.

    Experiments are the default one with these numbers of seeds, and the paper preset. The
    first one has a second row, with nothing to do: its outputs are empty files that
    Snakemake has recorded as complete. Snakemake waits 0.1 s per file that it records.
    """
    rows = []
    for count in (*seeds, None):
        name = f"default, seeds: {count}" if count else "paper"
        with copies.project() as folder:
            config = _write_config(folder, count) if count else PAPER
            rows.append({"experiment": name} | _time_dry_runs(folder, "all", config))
            if count == seeds[0]:
                copies.touch_outputs(folder, *config)
                nothing = _time_dry_runs(folder, "nothing", config)
                rows.append(rows[0] | nothing | {"jobs": rows[0]["jobs"]})
    return rows


def _time_dry_runs(folder, to_do, config) -> dict:
    """Time dry runs; raise ValueError unless Snakemake finds this to do."""
    times = []
    for _ in range(DRY_RUNS):
        start = time.perf_counter()
        output = copies.snakemake(folder, "--dry-run", *config)
        times.append(time.perf_counter() - start)
    total = re.search(r"^total +(\d+)$", output, re.MULTILINE)
    jobs = int(total[1]) if total else 0
    if (to_do == "nothing") != (jobs == 0):
        raise ValueError(f"dry run: expected {to_do} to do, got\n{output}")
    return {"to_do": to_do, "jobs": jobs} | timing.spread("seconds", times)


def _write_config(folder, seeds) -> tuple[str, str]:
    """Write the default experiment with this number of seeds; return its arguments."""
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
    return "--configfile", "seeds.json"


@functools.cache
def start_up_seconds(cores: int) -> float:
    """Median seconds of a script that only imports, with one such job per core."""
    with copies.project() as folder:
        script = folder / "src/nothing.py"
        script.write_text(SCRIPT, encoding="utf-8")
        # A process of its own, because the copy's server knows only the copy's scripts.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.start_up", script, str(cores)],
            env=environment() | {"PYTHONPATH": f"{folder}/src{os.pathsep}{PROJECT}"},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
    return float(done.stdout)
