"""Summarise whole tables: ends of runs, landscape ranges, drift of moments."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "summary", choices=["runs", "landscape_ranges", "moment_drift"]
    )
    arguments.add_argument("tables", nargs="+", help="the tables it needs (CSV)")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape import summaries, tables

    table = getattr(summaries, args.summary)(**tables.read(args.tables))
    tables.write(args.output, table)


if __name__ == "__main__":
    command_line.run(main, "pandas")
