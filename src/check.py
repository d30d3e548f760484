"""Check that files are whole, and list their SHA-256 as ``sha256sum`` does.

Their paths are listed relative to the list's folder: there, ``sha256sum --check`` reads it.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("files", nargs="+", help="files to check")
    arguments.add_argument("--output", required=True, help="the list")
    args = arguments.parse_args()

    from pathlib import Path

    from normscape import wholeness
    from normscape.files import atomic, digest

    folder = Path(args.output).parent
    lines = []
    for path in sorted(map(Path, args.files)):
        wholeness.check(path)
        lines.append(f"{digest(path)}  {path.relative_to(folder)}\n")
    with atomic(args.output) as temporary:
        temporary.write_text("".join(lines))


if __name__ == "__main__":
    command_line.run(main)
