"""Compare two finished experiments: where their verdicts and their curves differ.

Prints the differences and writes a page with both side by side.
"""

from normscape.jobs import command_line


def main():
    from pathlib import Path

    arguments = command_line.parser(__doc__)
    arguments.add_argument("a", type=Path, help="folder, such as results/digits")
    arguments.add_argument("b", type=Path, help="folder of the other experiment")
    arguments.add_argument("--output", help="path of the page (results/A-and-B.html)")
    args = arguments.parse_args()

    from normscape.files import atomic
    from normscape.page import comparison

    pair = zip((args.a, args.b), comparison.labels(args.a, args.b), strict=True)
    a, b = (comparison.Finished(folder, label) for folder, label in pair)
    print(comparison.text(a, b))
    output = (
        args.output
        or f"results/{args.a.resolve().name}-and-{args.b.resolve().name}.html"
    )
    with atomic(output) as temporary:
        temporary.write_text(comparison.render(a, b), encoding="utf-8")
    print(f"\n{output}")


if __name__ == "__main__":
    command_line.run(main)
