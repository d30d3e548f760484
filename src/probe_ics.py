"""Probe a checkpoint: internal covariate shift of each layer (Definition 2.1)."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    command_line.add_probe_arguments(arguments)
    arguments.add_argument(
        "--parameters",
        choices=["weight", "all"],
        default="weight",
        help="of a layer: its weight, or bias, gamma and beta too (weight)",
    )
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape import columns
    from normscape.checkpoints import open_for_probe
    from normscape.files import write_table
    from normscape.probes import ics

    run = open_for_probe(args.checkpoint, args.data, args.device, args.threads)
    write_table(args.output, columns.ICS, ics.measure(run, args.parameters))


if __name__ == "__main__":
    command_line.run(main, *command_line.TORCH)
