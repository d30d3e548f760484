"""Write an experiment's results page: one HTML file that needs no network.

The page has answers in sentences, the primary claims, every figure with its caption, all verdicts,
curves to explore, and the conditions of the runs. Links lead to files in the same folder.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--name", required=True, help="name of the experiment")
    arguments.add_argument("--claims", nargs="+", required=True, help="claims (YAML)")
    arguments.add_argument("--verdicts", required=True, help="CSV")
    arguments.add_argument("--paper-comparison", required=True, help="CSV")
    arguments.add_argument("--theory", required=True, help="summary (CSV)")
    arguments.add_argument("--tables", nargs="+", required=True, help="tables (CSV)")
    arguments.add_argument("--figures", nargs="+", required=True, help="PNG")
    arguments.add_argument("--checksums", required=True, help="SHA256SUMS")
    arguments.add_argument("--runs", nargs="+", required=True, help="run.json of runs")
    command_line.add_experiment_argument(arguments)
    command_line.add_config_argument(arguments)
    arguments.add_argument("--output", required=True, help="index.html")
    args = arguments.parse_args()

    from normscape.claims.claim import read_papers
    from normscape.experiment import Experiment
    from normscape.files import atomic
    from normscape.page import results
    from normscape.tables import frames

    page = results.render(
        name=args.name,
        config=args.config,
        papers=read_papers(args.claims),
        claims=args.claims,
        tables=frames.read(
            [args.verdicts, args.paper_comparison, args.theory, *args.tables]
        ),
        figures=args.figures,
        experiment=Experiment(**args.experiment),
        checksums=args.checksums,
        runs=args.runs,
    )
    with atomic(args.output) as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
