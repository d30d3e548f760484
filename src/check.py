"""Check that files are whole, and list their SHA-256 as ``sha256sum`` does.

Their paths are listed relative to the list's folder: there, ``sha256sum --check`` reads it.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("files", nargs="+", help="files to check")
    arguments.add_argument(
        "--runs",
        nargs="*",
        default=[],
        help="run.json of runs whose outputs are checked",
    )
    arguments.add_argument("--output", required=True, help="the list")
    args = arguments.parse_args()

    from pathlib import Path

    from normscape import wholeness
    from normscape.files import atomic, digest

    folder = Path(args.output).parent
    sums = {}
    for path in map(Path, args.files):
        wholeness.check(path)
        sums[path] = digest(path)
    for manifest in args.runs:
        sums |= wholeness.check_run(manifest)
    with atomic(args.output) as temporary:
        temporary.write_text(
            "".join(
                f"{sums[path]}  {path.relative_to(folder)}\n" for path in sorted(sums)
            )
        )


if __name__ == "__main__":
    command_line.run(main)
