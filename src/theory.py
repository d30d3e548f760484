"""Check the paper's theorems in float64, on random units and on trained networks.

Writes a row for each instance, and a summary: for each statement the number of instances,
how many violate it, the largest violation, and the tightness (median of actual value
over bound).
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--random", type=int, required=True, help="random units")
    arguments.add_argument(
        "--trained",
        nargs=3,
        action="append",
        default=[],
        metavar=("START", "CHECKPOINT", "DATA"),
        help="checkpoints of a run with batch normalisation; may be repeated",
    )
    arguments.add_argument("--layers", type=int, nargs="+", required=True)
    arguments.add_argument("--units", type=int, default=3, help="of each layer (3)")
    arguments.add_argument("--instances", required=True, help="output (CSV)")
    arguments.add_argument("--summary", required=True, help="output (CSV)")
    args = arguments.parse_args()

    import pandas as pd

    from normscape import checkpoints, columns, process, tables, tensors, theory
    from normscape.files import write_table
    from normscape.summaries import theory_summary

    process.set_up(threads=1)
    rows = list(theory.random_instances(args.random))
    for start, checkpoint, data_file in args.trained:
        data, _ = tensors.load(data_file)
        rows += theory.trained_instances(
            checkpoints.load(start, data),
            checkpoints.load(checkpoint, data),
            args.layers,
            args.units,
        )
    write_table(args.instances, columns.THEORY_INSTANCES, rows)
    summary = theory_summary(pd.DataFrame(rows, columns=list(columns.THEORY_INSTANCES)))
    tables.write(args.summary, summary)


if __name__ == "__main__":
    command_line.run(main, *command_line.TORCH)
