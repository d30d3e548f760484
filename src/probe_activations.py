"""Probe a checkpoint: moments and histograms of each layer's activations."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    command_line.add_probe_arguments(arguments)
    arguments.add_argument("--bins", type=int, required=True, help="of a histogram")
    arguments.add_argument("--moments", required=True, help="table (CSV)")
    arguments.add_argument("--histograms", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape import columns
    from normscape.checkpoints import open_for_probe
    from normscape.files import write_table
    from normscape.probes import activations

    run = open_for_probe(args.checkpoint, args.data, args.device, args.threads)
    moments, histograms = activations.measure(run, args.bins)
    write_table(args.moments, columns.MOMENTS, moments)
    write_table(args.histograms, columns.HISTOGRAMS, histograms)


if __name__ == "__main__":
    command_line.run(main, *command_line.TORCH)
