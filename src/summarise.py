"""Write a summary of tables of all runs, which a file of summaries/ defines."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("summary", help="a file of summaries/, such as runs")
    arguments.add_argument("tables", nargs="+", help="the tables it needs (CSV)")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    import importlib

    from normscape.tables import frames

    module = importlib.import_module(f"normscape.summaries.{args.summary}")
    tables = frames.read(args.tables)
    frames.write(args.output, module.summarise(*(tables[t] for t in module.TABLES)))


if __name__ == "__main__":
    command_line.run(main)
