"""Print the config's JSON schema for editors, as components declare it."""

from normscape.jobs import command_line


def main():
    command_line.parser(__doc__).parse_args()

    from normscape.pipeline import config_schema

    print(config_schema.text_for_editors(), end="")


if __name__ == "__main__":
    command_line.run(main)
