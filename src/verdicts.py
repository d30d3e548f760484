"""Evaluate claims from the tables of an experiment.

Writes one row per claim, normaliser and comparison as CSV, a readable table as Markdown, the
values of the runs that were compared, the effects at each level of the training loss, and our
numbers with those of the paper's digitised curves.
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
    arguments.add_argument("--values", required=True, help="output (CSV)")
    arguments.add_argument("--levels", required=True, help="output (CSV)")
    arguments.add_argument("--paper-comparison", required=True, help="output (CSV)")
    args = arguments.parse_args()

    from pathlib import Path

    from normscape.claims import claim, wording
    from normscape.claims.judge import (
        compare_all,
        compare_at_levels,
        judge,
        list_values,
    )
    from normscape.claims.paper_comparison import compare_with_paper
    from normscape.claims.quantities import QUANTITIES
    from normscape.experiment import Experiment
    from normscape.files import atomic
    from normscape.tables import frames

    papers = claim.read_papers(args.claims)
    claims = [one for paper in papers for one in paper.claims]
    tables = frames.read([*args.tables, args.paper_curves])
    curves = tables.pop(Path(args.paper_curves).stem)
    experiment = Experiment(**args.experiment)
    compared = compare_all(claims, tables, experiment)
    verdicts = judge(compared, tables, curves)
    names = [one.quantity for one in claims]
    names += [quantity.name for quantity in QUANTITIES.values() if quantity.listed]
    numbers = compare_with_paper([*dict.fromkeys(names)], tables, curves, experiment)
    frames.write(args.csv, verdicts)
    frames.write(args.values, list_values(compared))
    frames.write(args.levels, compare_at_levels(claims, tables, experiment))
    frames.write(args.paper_comparison, numbers)
    with atomic(args.markdown) as temporary:
        temporary.write_text(wording.markdown(verdicts), encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
