"""Concatenate tables that have the same columns."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("tables", nargs="*", help="tables (CSV)")
    arguments.add_argument("--columns", nargs="+", required=True, help="in order")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape.tables import rows

    rows.concatenate(args.tables, args.columns, args.output)


if __name__ == "__main__":
    command_line.run(main)
