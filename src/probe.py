"""Measure a checkpoint by a probe, a file of probes/, and write its tables."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("probe", help="a file of probes/, such as landscape")
    arguments.add_argument("--checkpoint", required=True, help="output of train.py")
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    arguments.add_argument(
        "--settings", type=command_line.json_object, default={}, help="JSON"
    )
    arguments.add_argument(
        "--columns",
        type=command_line.json_object,
        required=True,
        help="JSON: the columns of each of its tables, as it declares them",
    )
    arguments.add_argument(
        "--output", nargs="+", required=True, help="its tables (CSV), in that order"
    )
    command_line.add_compute_arguments(arguments)
    args = arguments.parse_args()

    from normscape import probes
    from normscape.jobs import devices
    from normscape.tables import CELL, rows

    devices.take(args.device)
    run = probes.open_run(args.checkpoint, args.data, args.device, args.threads)
    tables = probes.measure(args.probe, run, args.settings)
    place = run.spec.cell | {"step": run.step}
    for (table, columns), output in zip(args.columns.items(), args.output, strict=True):
        cells = (place | row for row in tables[table])
        rows.write(output, [*CELL, "step", *columns], cells)


if __name__ == "__main__":
    command_line.run(main)
