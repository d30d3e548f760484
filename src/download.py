"""Download a file and check it; it appears at its path only if the checksum is right."""

from normscape.jobs import command_line

TIMEOUT = 30  # seconds without an answer


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--checksum", required=True, help="md5:... or sha256:...")
    arguments.add_argument(
        "--help-line", required=True, help="advice in the message if it fails"
    )
    arguments.add_argument("--output", required=True)
    args = arguments.parse_args()

    from pathlib import Path

    import pooch

    output = Path(args.output)
    try:
        pooch.retrieve(
            args.url,
            args.checksum,
            output.name,
            output.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
        )
    except (OSError, ValueError) as error:
        raise ValueError(f"{' '.join(str(error).split())}; {args.help_line}") from None


if __name__ == "__main__":
    command_line.run(main)
