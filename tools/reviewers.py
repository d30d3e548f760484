"""Print docs/digits/claims.md: one row per claim that an experiment evaluates.

Minutes are those that Snakemake has recorded for the training runs and for the probe that the
claim needs, summed over jobs. GB are the sizes of the data, the training runs and the tables of
that probe.
"""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from normscape import components
from normscape.archive import records
from normscape.claims import comparisons, wording
from normscape.claims.quantities import QUANTITIES
from normscape.jobs import command_line
from normscape.pipeline import paths
from normscape.tables import frames

PAGE = """# What each claim needs

`PYTHONPATH=src python -m tools.reviewers results/digits` wrote this page from a finished
experiment. It has one row per claim, in the order of the [verdicts](verdicts.md).

- **runs**: the model, and the networks that the claim compares.
- **figure**: the figure that shows the claim. This command makes `results/digits/figures/FIGURE.png`
  and only the tables that it needs: `snakemake --cores 2 results/digits/figures/FIGURE.png`.
- **core-minutes**: all training runs, which the claims share, and the probe that measures the claim,
  as recorded in that run on an otherwise idle machine.
- **GB**: data, training runs and tables of that probe.
- **expected**: the effect, its 95% interval and the number of seeds.
"""
HEADER = (
    "| claim | runs | figure | core-minutes | GB | expected [95%], seeds | verdict |"
)


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("folder", type=Path, help="such as results/digits")
    args = arguments.parse_args()
    print("\n".join([PAGE, *table(args.folder)]))


def table(folder: Path) -> list[str]:
    """The lines of the table, in Markdown."""
    verdicts = frames.read([folder / "verdicts.csv"])["verdicts"]
    verdicts = pd.concat(rows for _, rows in wording.sections(verdicts))
    minutes = minutes_by_rule(folder)
    lines = [HEADER, "|---|---|---|---|---|---|---|"]
    rows = wording.first_readings(verdicts).itertuples()
    readable = wording.readable(verdicts).to_dict("records")
    for row, text in zip(rows, readable, strict=True):
        needed = QUANTITIES[row.quantity].tables[0]
        if row.comparison == comparisons.SAME_FUNCTION:
            needed = comparisons.SAME_FUNCTION_TABLES[needed]
        probe = paths.probe_behind(needed)
        cells = [
            text["claim"],
            text["runs"],
            f"`{row.figure}`",
            f"{minutes['trainings'] + minutes[f'probe_{probe}']:.0f}",
            f"{gigabytes(folder, probe):.1f}",
            text["effect [95%], seeds"],
            row.verdict + (f": {row.not_learnt}" if pd.notna(row.not_learnt) else ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def minutes_by_rule(folder: Path) -> dict[str, float]:
    """Minutes of all jobs by rule; those of training runs and their data are one number."""
    minutes = defaultdict(float)
    project = folder.absolute().parents[1]
    recorded = records.read(folder.absolute().relative_to(project), project)
    for job in records.timed(records.jobs(recorded)):
        training = job.rule.startswith(("train_", "prepare_"))
        minutes["trainings" if training else job.rule] += job.seconds / 60
    return minutes


def gigabytes(folder: Path, probe: str | None) -> float:
    """The disk space that the inputs of a claim take."""
    places = [folder / "data", folder / "train"]
    if probe:
        tables = components.declaration("probes", probe)["tables"]
        places += [folder / "probes" / name for name in tables]
    files = (path for place in places for path in place.rglob("*"))
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e9


if __name__ == "__main__":
    command_line.run(main)
