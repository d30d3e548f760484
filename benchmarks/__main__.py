"""Time training, measurements, their growth with size, and the pipeline on this machine.

Writes one table per part to the folder, and summary.md and bench.png if the tables of all parts
exist. All parts together take 40 minutes and 8 GiB of memory.
"""

from normscape.jobs import command_line

PARTS = ("training", "probes", "growth", "use", "dry_runs")


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=PARTS,
        help=f"parts to time: {', '.join(PARTS)} (all)",
        metavar="PART",
    )
    arguments.add_argument(
        "--folder", default="results/bench", help="folder of the tables (results/bench)"
    )
    command_line.add_threads_argument(arguments)
    args = arguments.parse_args()

    from pathlib import Path

    import pandas as pd

    from benchmarks import growth, pipeline, probes, report, training
    from normscape.files import atomic
    from normscape.tables import rows

    # One seed of the default experiment on one core and on two.
    runs = [(1, 1), (1, 2)]
    measures = {
        "training": lambda: training.measure(args.threads),
        "probes": lambda: probes.measure(args.threads),
        "growth": lambda: growth.measure(args.threads),
        "use": lambda: pipeline.use(runs),
        "dry_runs": pipeline.dry_runs,
    }
    folder = Path(args.folder)
    for part in args.parts:
        table = measures[part]()
        rows.write(folder / f"{part}.csv", list(table[0]), table)
        print(f"{folder / part}.csv", flush=True)
    missing = [part for part in PARTS if not (folder / f"{part}.csv").is_file()]
    if missing:
        print(f"no summary yet; still to measure: {', '.join(missing)}")
        return
    tables = {
        part: pd.read_csv(folder / f"{part}.csv", keep_default_na=False, na_values=[""])
        for part in PARTS
    }
    text = report.summary(tables)
    with atomic(folder / "summary.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic(folder / "bench.png") as temporary:
        report.plot(tables).savefig(temporary, dpi=120)
    print(text)


if __name__ == "__main__":
    command_line.run(main)
