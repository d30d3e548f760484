"""How many short jobs a second Snakemake starts on a machine with many cores."""

from pathlib import Path

from benchmarks import copies, timing
from tools.project import copy_tree

COLUMNS = (
    "nap_seconds",
    "cores",
    "options",
    "jobs",
    "jobs_per_second",
    "jobs_per_second_low",
    "jobs_per_second_high",
)
CORES = 64
# The paper's own experiment has the most jobs, nearly all of them probes.
PRESET = ("--configfile", "workflow/presets/paper.yaml")
# What each is measured with, beside the project's profile.
OPTIONS = (
    (1.0, ()),
    (0.1, ()),
    (0.1, ("--scheduler-subsample", "4")),
    (0.1, ("--workflow-profile", "none", "--scheduler", "greedy")),
)

SCRIPT = """
import sys
import time
from pathlib import Path

from normscape.jobs import command_line


def main():
    time.sleep({seconds})
    arguments = sys.argv[sys.argv.index("--output") + 1 :]
    for name in arguments[: arguments.index("--precision")]:
        Path(name).touch()


if __name__ == "__main__":
    command_line.run(main)
"""


def measure(preset=PRESET, options=OPTIONS, cores=CORES, rounds=2) -> list[dict]:
    """A row for each nap and each set of Snakemake's options.

    Every probe of a checkpoint is replaced by a nap, and Snakemake is told that there
    are so many cores. jobs_per_second : from the first one's start to the last one's end;
    with room for all, cores / nap_seconds. Options take turns; the median, the smallest and
    the largest of the rounds.
    """
    rates = {case: [] for case in options}
    with copies.project() as prepared:
        # Once, because at the paper's scale it takes minutes.
        probes = _pretend_all_but_probes(prepared, preset)
        for number, case in enumerate(list(options) * rounds):
            nap, chosen = case
            folder = copy_tree(prepared, prepared.with_name(f"naps{number}"))
            (folder / "src/probe.py").write_text(
                SCRIPT.format(seconds=nap), encoding="utf-8"
            )
            run = ("--cores", str(cores), "--until", *probes)
            copies.snakemake(folder, *preset, *run, *chosen)
            jobs = [job for job in copies.jobs(folder) if job.rule in probes]
            took = max(job.end for job in jobs) - min(job.start for job in jobs)
            rates[case].append(len(jobs) / took)
    rows = []
    for (nap, chosen), each in rates.items():
        values = [nap, cores, " ".join(chosen), len(jobs), *timing.spread(each)]
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _pretend_all_but_probes(folder: Path, preset) -> list[str]:
    """Regard everything that comes before probes as made; the names of their rules."""
    rules = copies.snakemake(folder, "--list-rules", *preset).split()
    probes = [rule for rule in rules if rule.startswith("probe_")]
    copies.pretend(folder, *preset, "--omit-from", *probes)
    return probes
