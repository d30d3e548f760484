"""Run other scripts as forks of this process, which imports their libraries once.

Snakemake starts it beside the jobs of one machine, and it ends when Snakemake does.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "descriptor", type=int, help="of a socket that listens, as inherited"
    )
    args = arguments.parse_args()

    import socket

    from normscape import fork_server

    with socket.socket(fileno=args.descriptor) as listening:
        fork_server.serve(listening, command_line.outcome)


if __name__ == "__main__":
    command_line.run(main)
