"""Print the table of docs/reviewers.md: a row for each claim that an experiment judges.

Minutes are those that Snakemake has recorded for the trainings and for the probe that the
claim needs, summed over jobs. GB are those of the data, the trainings and that probe's tables.
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


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("folder", type=Path, help="such as results/digits")
    args = arguments.parse_args()
    print("\n".join(table(args.folder)))


def table(folder: Path) -> list[str]:
    """The lines of the table, in Markdown."""
    verdicts = frames.read([folder / "verdicts.csv"])["verdicts"]
    verdicts = pd.concat(rows for _, rows in wording.sections(verdicts))
    minutes = minutes_by_rule(folder)
    lines = [
        "| claim | runs | FIGURE | core-minutes | GB | expected [tolerance], seeds | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
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
    """Of all jobs; those of trainings and their data together."""
    minutes = defaultdict(float)
    project = folder.absolute().parents[1]
    recorded = records.read(folder.absolute().relative_to(project), project)
    for job in records.timed(records.jobs(recorded)):
        training = job.rule.startswith(("train_", "prepare_"))
        minutes["trainings" if training else job.rule] += job.seconds / 60
    return minutes


def gigabytes(folder: Path, probe: str | None) -> float:
    """What lies on the disk when a claim can be judged."""
    places = [folder / "data", folder / "train"]
    if probe:
        tables = components.declaration("probes", probe)["tables"]
        places += [folder / "probes" / name for name in tables]
    files = (path for place in places for path in place.rglob("*"))
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e9


if __name__ == "__main__":
    command_line.run(main)
