"""Classify runs: learnt, at chance accuracy, or diverged. Writes one row per run as CSV."""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--history", required=True, help="table (CSV)")
    arguments.add_argument("--runs", required=True, help="table (CSV)")
    command_line.add_experiment_argument(arguments)
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    import pandas as pd

    from normscape.claims.outcomes import determine
    from normscape.experiment import Experiment
    from normscape.tables import frames

    history, runs = frames.read([args.history, args.runs]).values()
    models = Experiment(**args.experiment).all_models.values()
    outcomes = pd.concat(determine(model, runs, history) for model in models)
    frames.write(args.output, outcomes.reset_index())


if __name__ == "__main__":
    command_line.run(main)
