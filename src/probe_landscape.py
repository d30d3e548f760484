"""Probe a checkpoint: loss and gradient along the gradient and random directions."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    command_line.add_probe_arguments(arguments)
    arguments.add_argument("--step-sizes", type=float, nargs="+", required=True)
    arguments.add_argument("--random-directions", type=int, default=0, help="(0)")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape import columns
    from normscape.checkpoints import open_for_probe
    from normscape.files import write_table
    from normscape.probes import landscape

    run = open_for_probe(args.checkpoint, args.data, args.device, args.threads)
    rows = landscape.measure(run, args.step_sizes, args.random_directions)
    write_table(args.output, columns.LANDSCAPE, rows)


if __name__ == "__main__":
    command_line.run(main, *command_line.TORCH)
