"""Collect tables with the same columns into one."""

from normscape import command_line
from normscape.files import concatenate_tables


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("tables", nargs="+", help="tables (CSV)")
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()
    concatenate_tables(args.tables, args.output)


if __name__ == "__main__":
    command_line.run(main)
