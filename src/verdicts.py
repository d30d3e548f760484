"""Judge claims from the tables of an experiment.

Writes a row for each claim and normaliser as CSV, and a readable table as Markdown; and our
numbers beside those of the paper's digitised curves.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--claims", nargs="+", required=True, help="claims (YAML)")
    arguments.add_argument("--paper-curves", required=True, help="digitised (CSV)")
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    command_line.add_experiment_argument(arguments)
    arguments.add_argument("--csv", required=True, help="output")
    arguments.add_argument("--markdown", required=True, help="output")
    arguments.add_argument("--beside", required=True, help="output (CSV)")
    args = arguments.parse_args()

    from pathlib import Path

    from normscape.claims import declarations, wording
    from normscape.claims.beside import beside
    from normscape.claims.judge import judge
    from normscape.experiment import Experiment
    from normscape.files import atomic
    from normscape.tables import frames

    claims = declarations.read(args.claims)["claims"]
    tables = frames.read([*args.tables, args.paper_curves])
    curves = tables.pop(Path(args.paper_curves).stem)
    experiment = Experiment(**args.experiment)
    judged = judge(claims, tables, curves, experiment)
    quantities = [claim["quantity"] for claim in claims]
    quantities += declarations.beside_paper()
    numbers = beside([*dict.fromkeys(quantities)], tables, curves, experiment)
    frames.write(args.csv, judged)
    frames.write(args.beside, numbers)
    with atomic(args.markdown) as temporary:
        temporary.write_text(wording.markdown(judged), encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
