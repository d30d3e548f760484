"""Check the paper's theorems in float64, on random units and on trained networks.

Writes one row per instance, and a summary with one row per statement: the number of
instances, how many violate it, the largest violation, and the tightness (median of actual
value / bound).
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "--random", type=int, required=True, help="number of random units"
    )
    arguments.add_argument(
        "--trained",
        nargs=3,
        action="append",
        default=[],
        metavar=("START", "CHECKPOINT", "DATA"),
        help="two checkpoints of a run with batch normalisation, and its data; may be repeated",
    )
    arguments.add_argument("--layers", type=int, nargs="+", required=True)
    arguments.add_argument("--units", type=int, default=3, help="units per layer (3)")
    arguments.add_argument("--instances", required=True, help="output (CSV)")
    arguments.add_argument("--summary", required=True, help="output (CSV)")
    args = arguments.parse_args()

    import pandas as pd

    from normscape.tables import frames, rows
    from normscape.theory import instances, violations
    from normscape.training import checkpoints, tensors, torch_setup

    torch_setup.set_up(threads=1)
    table = list(instances.random_instances(args.random))
    for start, checkpoint, data_file in args.trained:
        data, _ = tensors.load(data_file)
        table += instances.trained_instances(
            checkpoints.load(start, data),
            checkpoints.load(checkpoint, data),
            args.layers,
            args.units,
        )
    rows.write(args.instances, list(table[0]), table)
    frames.write(args.summary, violations.summarise(pd.DataFrame(table)))


if __name__ == "__main__":
    command_line.run(main)
