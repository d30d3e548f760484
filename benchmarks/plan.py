"""Estimate the cost of an experiment: jobs by rule, core-hours, disk space of checkpoints.

Also lists the claims that it cannot decide, because it has fewer seeds than a verdict needs.

Jobs are those that Snakemake would run now. Times are measured on this machine, on one training step
and one measurement of each kind. This takes one minute, or three at the paper's scale.
"""

import statistics
from pathlib import Path

from benchmarks import copies
from benchmarks.jobs import Jobs
from benchmarks.pipeline import start_up_seconds
from normscape.claims.decision import RUNS
from normscape.jobs import command_line
from normscape.pipeline import config_files, grid, seeds
from normscape.pipeline.config import validate
from tools.project import PROJECT


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="config file such as a preset; later files extend earlier ones",
    )
    args = arguments.parse_args()
    files = [path.absolute() for path in args.configfile]
    config = validate(config_files.read([PROJECT / "config.yaml", *files]))
    counts = jobs_by_rule(files)
    jobs = Jobs(config)
    print(f"{config['name']}: {sum(counts.values()):,} jobs to run")
    if counts:
        print(time_table(counts, seconds_by_rule(config, jobs), jobs.device))
    print(disk_space(config, jobs))
    if few := seeds.undecidable(config):
        print(
            f"Claims that stay open, because a verdict needs {RUNS} runs of each network:"
        )
        print("\n".join(f"  {line}" for line in few))


def jobs_by_rule(configfiles: list[Path]) -> dict[str, int]:
    """The jobs that Snakemake would run now."""
    arguments = ["--dry-run", "--quiet", "rules"]
    if configfiles:
        arguments += ["--configfile", *map(str, configfiles)]
    output = copies.snakemake(PROJECT, *arguments)
    rows = [line.split() for line in output.splitlines()]
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    counts.pop("total", None)
    counts.pop("all", None)
    return counts


def seconds_by_rule(config: dict, jobs: Jobs) -> dict[str, float]:
    """Mean seconds of a job, start-up included; "other" for all that train nothing."""
    start_up = start_up_seconds(cores=1)
    seconds = {"other": start_up}
    cells = grid.cells(config)
    for model in grid.models(config):
        norms = [cell.norm for cell in cells if cell.model == model]
        each = {norm: jobs.training_seconds(model, norm) for norm in set(norms)}
        seconds[f"train_{model}"] = start_up + statistics.fmean(map(each.get, norms))
    for probe in config["probes"]:
        seconds_per_job, by_norm = [], {}
        for cell in cells:
            steps = grid.probed_steps(config, probe, cell)
            norm = cell.model, cell.norm
            if steps and norm not in by_norm:
                by_norm[norm] = jobs.probe_seconds(probe, cell)
            seconds_per_job += [by_norm.get(norm)] * len(steps)
        if seconds_per_job:
            seconds[f"probe_{probe}"] = start_up + statistics.fmean(seconds_per_job)
    return seconds


def time_table(counts: dict[str, int], seconds: dict[str, float], device) -> str:
    """A line for each rule, the longest first, and their sum.

    >>> print(time_table({"figure": 2, "train_vgg": 3}, {"other": 1, "train_vgg": 60}, "cpu"))
    rule                  jobs          s/job  core-hours
    train_vgg                3          60.00        0.05
    figure                   2           1.00        0.00
    all                      5                       0.05  (on cpu, measured on this machine)
    """
    hours = {
        rule: count * seconds.get(rule, seconds["other"]) / 3600
        for rule, count in counts.items()
    }
    lines = [f"{'rule':18}  {'jobs':>6}  {'s/job':>13}  {'core-hours':>10}"]
    for rule in sorted(counts, key=hours.get, reverse=True):
        each = seconds.get(rule, seconds["other"])
        lines.append(
            f"{rule:18}  {counts[rule]:6,}  {each:13,.2f}  {hours[rule]:10,.2f}"
        )
    total = sum(counts.values())
    lines.append(
        f"{'all':18}  {total:6,}  {'':13}  {sum(hours.values()):10,.2f}"
        f"  (on {device}, measured on this machine)"
    )
    return "\n".join(lines)


def disk_space(config: dict, jobs: Jobs) -> str:
    """A line on the checkpoints of the whole grid."""
    files, sizes = 0, []
    for cell in grid.cells(config):
        steps = len(config["models"][cell.model]["checkpoints"])
        files += steps
        sizes.append(steps * jobs.checkpoint_bytes(cell.model, cell.norm))
    line = f"checkpoints: {files:,} files, {sum(sizes) / 1e9:,.1f} GB"
    if config["keep_checkpoints"]:
        return f"{line}, kept"
    return (
        f"{line} in total, removed after measurement: "
        f"at most about {max(sizes) / 1e9:.1f} GB per concurrent job"
    )


if __name__ == "__main__":
    command_line.run(main)
