"""Draw the replication matrix: the primary claims in several finished experiments.

Experiments may differ in data, networks, seeds or processors.
"""

from normscape.jobs import command_line


def main():
    from pathlib import Path

    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "folders",
        type=Path,
        nargs="+",
        help="folders with verdicts.csv, such as results/digits",
    )
    arguments.add_argument(
        "--labels",
        nargs="+",
        help="names of the experiments (default: those of the folders)",
    )
    arguments.add_argument(
        "--output", required=True, help="path that ends with .png or .pdf"
    )
    args = arguments.parse_args()
    labels = args.labels or [folder.resolve().name for folder in args.folders]
    if len(labels) != len(args.folders) or len(set(labels)) != len(labels):
        raise ValueError(
            f"--labels: expected {len(args.folders)} different names, got "
            f"{', '.join(labels)}"
        )

    from normscape.figures import replication_matrix, style
    from normscape.files import atomic
    from normscape.tables import frames

    verdicts = {
        label: frames.read([folder / "verdicts.csv"])["verdicts"]
        for label, folder in zip(labels, args.folders, strict=True)
    }
    figure = replication_matrix.draw(verdicts)
    with atomic(args.output) as temporary:
        style.save(figure, temporary)
    print(args.output)


if __name__ == "__main__":
    command_line.run(main)
