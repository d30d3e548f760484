"""Draw a figure from tables, as PNG and PDF."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("figure", help="a file of figures/, such as fig04_landscape")
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    arguments.add_argument(
        "--norms", nargs="+", required=True, help="all of the experiment, in order"
    )
    arguments.add_argument("--output", nargs="+", required=True, help=".png, .pdf")
    args = arguments.parse_args()

    import importlib

    from figures import style
    from normscape.files import atomic
    from normscape.tables import read

    module = importlib.import_module(f"figures.{args.figure}")
    tables = read(args.tables)
    missing = set(module.TABLES) - tables.keys()
    if missing:
        raise ValueError(f"--tables: {', '.join(sorted(missing))}.csv is missing")
    figure = module.draw(tables, style.Norms(args.norms))
    for output in args.output:
        with atomic(output) as temporary:
            style.save(figure, temporary)


if __name__ == "__main__":
    command_line.run(main, "pandas", "matplotlib.pyplot")
