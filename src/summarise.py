"""Write a summary, as a file of summaries/ computes it from tables of all runs."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("summary", help="name of a file in summaries/, such as runs")
    arguments.add_argument("tables", nargs="+", help="tables that it needs (CSV)")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    import importlib

    from normscape.tables import frames

    module = importlib.import_module(f"normscape.summaries.{args.summary}")
    tables = frames.read(args.tables)
    frames.write(args.output, module.summarise(*(tables[t] for t in module.TABLES)))


if __name__ == "__main__":
    command_line.run(main)
