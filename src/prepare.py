"""Prepare a data set as tensors for training and measurements.

Prints the notes of the data set, such as files left out; they are also metadata of the output.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--dataset", required=True, help="a file of datasets/")
    arguments.add_argument(
        "--settings", type=command_line.json_object, default={}, help="its settings"
    )
    arguments.add_argument("--output", required=True, help="safetensors file")
    args = arguments.parse_args()

    from normscape import datasets
    from normscape.training import tensors

    data = datasets.load(args.dataset, args.settings)
    notes = data.pop("notes", [])
    for note in notes:
        print(note)
    tensors.save(args.output, data, {"notes": notes} if notes else {})


if __name__ == "__main__":
    command_line.run(main)
