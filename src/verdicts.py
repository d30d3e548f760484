"""Judge the paper's claims from the tables of an experiment.

Writes a row for each claim and normaliser as CSV, and a readable table as Markdown.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--claims", required=True, help="claims (YAML)")
    arguments.add_argument("--paper-curves", required=True, help="digitised (CSV)")
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    arguments.add_argument(
        "--norms", nargs="+", required=True, help="all of the experiment"
    )
    arguments.add_argument("--csv", required=True, help="output")
    arguments.add_argument("--markdown", required=True, help="output")
    args = arguments.parse_args()

    from pathlib import Path

    import yaml

    from normscape import tables, verdicts
    from normscape.files import atomic

    claims = yaml.safe_load(Path(args.claims).read_text())
    read = tables.read([*args.tables, args.paper_curves])
    curves = read.pop(Path(args.paper_curves).stem)
    judged = verdicts.judge(claims, read, curves, args.norms)
    tables.write(args.csv, judged)
    with atomic(args.markdown) as temporary:
        temporary.write_text(verdicts.markdown(judged))


if __name__ == "__main__":
    command_line.run(main, "pandas", "scipy.stats")
