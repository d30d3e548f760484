"""Check the integrity of files, and list their checksums as ``sha256sum`` does.

Paths in the list are relative to its folder, where ``sha256sum --check`` reads it. A file that has
changed since the last list, although no job has made it again, is reported as damaged.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("files", nargs="+", help="files to check")
    arguments.add_argument(
        "--runs",
        nargs="*",
        default=[],
        help="run.json of the runs whose outputs are checked",
    )
    arguments.add_argument("--output", required=True, help="the list of checksums")
    args = arguments.parse_args()

    from pathlib import Path

    from normscape.archive import integrity
    from normscape.files import atomic

    checksums = integrity.check_runs(args.runs)
    checksums |= integrity.check_files(args.files, Path(args.output))
    with atomic(args.output) as temporary:
        temporary.write_text(
            integrity.listing(checksums, Path(args.output).parent), encoding="utf-8"
        )


if __name__ == "__main__":
    command_line.run(main)
