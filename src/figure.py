"""Draw a figure from tables, as PNG and PDF."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "figure", help="name of a file in figures/, such as fig04_landscape"
    )
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    command_line.add_experiment_argument(arguments)
    arguments.add_argument("--output", nargs="+", required=True, help=".png, .pdf")
    args = arguments.parse_args()

    import importlib

    from normscape.claims.outcomes import add_column
    from normscape.experiment import Experiment
    from normscape.figures import style
    from normscape.files import atomic
    from normscape.tables import frames

    module = importlib.import_module(f"normscape.figures.{args.figure}")
    tables = frames.read(args.tables)
    missing = {*module.TABLES, "outcomes"} - tables.keys()
    if missing:
        raise ValueError(
            f"--tables: expected {', '.join(f'{name}.csv' for name in sorted(missing))}, "
            "got none of that name; add its path"
        )
    outcomes = tables.pop("outcomes")
    tables = {name: add_column(table, outcomes) for name, table in tables.items()}
    figure = module.draw(tables, Experiment(**args.experiment))
    for output in args.output:
        with atomic(output) as temporary:
            style.save(figure, temporary)


if __name__ == "__main__":
    command_line.run(main)
