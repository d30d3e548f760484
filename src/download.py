"""Download a file, check it, and put it in its place only if it is whole."""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--checksum", required=True, help="md5:... or sha256:...")
    arguments.add_argument("--help-line", required=True, help="said when it fails")
    arguments.add_argument("--output", required=True)
    args = arguments.parse_args()

    from normscape import downloads

    downloads.fetch(args.url, args.output, args.checksum, args.help_line)


if __name__ == "__main__":
    command_line.run(main)
