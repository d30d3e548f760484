"""Benchmark training steps and probes against plain loops, on this machine.

Writes training.csv and probes.csv to the folder, and prints them.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--folder", default="results/bench", help="(results/bench)")
    arguments.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    args = arguments.parse_args()

    from pathlib import Path

    import pandas as pd

    from benchmarks import probes, training
    from normscape import process
    from normscape.files import write_table

    process.set_up(args.threads)
    for name, module in (("training", training), ("probes", probes)):
        path = Path(args.folder) / f"{name}.csv"
        write_table(path, module.COLUMNS, module.measure())
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
        print(f"\n{path}\n{table.to_string(index=False, float_format='{:.3g}'.format)}")


if __name__ == "__main__":
    command_line.run(main)
