"""Compute the loss of each model's best constant outputs, which ignore the inputs.

Writes one row per model as CSV.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "--models",
        type=command_line.json_object,
        required=True,
        help="JSON: architecture, network and optimiser of each model by its name",
    )
    arguments.add_argument(
        "--data", nargs="+", required=True, help="output of prepare.py for each model"
    )
    arguments.add_argument("--output", required=True, help="table (CSV)")
    args = arguments.parse_args()

    from normscape import models, norms
    from normscape.tables import rows
    from normscape.training import tensors, torch_setup
    from normscape.training.constant_loss import constant_loss

    torch_setup.set_up(threads=1)
    table = []
    for (name, model), path in zip(args.models.items(), args.data, strict=True):
        data, _ = tensors.load(path)
        network = models.build(
            model["architecture"], data, model["network"], norms.load("none"), seed=0
        )
        targets = data["train_targets"]
        batch_size = model["optimiser"]["batch_size"] or len(targets)
        loss = constant_loss(network, targets, batch_size)
        table.append({"model": name, "loss": loss})
    rows.write(args.output, ["model", "loss"], table)


if __name__ == "__main__":
    command_line.run(main)
