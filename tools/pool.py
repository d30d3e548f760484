"""Judge the claims over the runs of several finished experiments with the same settings and data.

They may have other seeds, or come from other servers. Every run counts. A seed that an earlier
folder has, too, gets a number of its own; the output says which. Images are not compared.
"""

from normscape.jobs import command_line


def main():
    import shutil
    import subprocess
    import sys
    import tempfile
    from pathlib import Path

    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "folders", type=Path, nargs="+", help="folders, such as results/digits"
    )
    arguments.add_argument("--output", type=Path, required=True, help="folder")
    args = arguments.parse_args()

    from normscape.tables import frames
    from tools import pooling
    from tools.project import PROJECT

    if len(args.folders) < 2 or (args.output / "config.json").exists():
        raise ValueError(
            "expected two folders or more and an output that is no experiment, got "
            f"{', '.join(map(str, args.folders))} and {args.output}"
        )
    pooling.check_settings(args.folders)
    experiments = [pooling.read_tables(folder) for folder in args.folders]
    pooling.check_runs(args.folders, experiments)
    numbers = pooling.number_seeds(experiments)
    pooled = pooling.pool(
        experiments, numbers, pooling.models_with_own_data(args.folders[0])
    )
    for folder, new in zip(args.folders, numbers, strict=True):
        if changed := [f"{a} as {b}" for a, b in new.items() if a != b]:
            print(f"{folder}: seeds of an earlier folder: {', '.join(changed)}")
    with tempfile.TemporaryDirectory(prefix="normscape-pool-") as made:
        made = Path(made)
        paths = []
        for name, table in pooled.items():
            paths.append(made / f"tables/{name}.csv")
            paths[-1].parent.mkdir(exist_ok=True)
            frames.write(paths[-1], table)
        first = args.folders[0]
        options = {
            "--claims": pooling.claims(first),
            "--paper-curves": [first / "tables/paper_curves.csv"],
            "--tables": paths,
            "--experiment": [first / "experiment.json"],
            "--csv": [made / "verdicts.csv"],
            "--markdown": [made / "verdicts.md"],
            "--values": [made / "verdict_values.csv"],
            "--levels": [made / "same_loss_levels.csv"],
            "--paper-comparison": [made / "paper_comparison.csv"],
        }
        command = [
            part for option, values in options.items() for part in (option, *values)
        ]
        done = subprocess.run([sys.executable, PROJECT / "src/verdicts.py", *command])
        if done.returncode:
            sys.exit(done.returncode)
        shutil.copytree(made, args.output, dirs_exist_ok=True)
    print(args.output / "verdicts.md")


if __name__ == "__main__":
    command_line.run(main)
