"""Note which runs have learnt something, which stayed at chance, and which diverged.

Writes a row per run as CSV.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    command_line.add_experiment_argument(arguments)
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape.claims import chance
    from normscape.experiment import Experiment
    from normscape.tables import frames

    tables = frames.read(args.tables)
    outcomes = chance.outcomes(Experiment(**args.experiment), tables)
    frames.write(args.output, chance.as_table(outcomes))


if __name__ == "__main__":
    command_line.run(main)
