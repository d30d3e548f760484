"""Train one cell of the grid: one model, normaliser, learning rate and seed.

Writes history.csv (a row a step), evaluation.csv (test accuracy) and a checkpoint
stepN.safetensors before each step named.
"""

from normscape import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--model", required=True, help="a file of models/")
    arguments.add_argument("--norm", required=True, help="a file of norms/")
    arguments.add_argument("--lr", type=float, required=True, help="learning rate")
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument(
        "--network", type=command_line.json_object, required=True, help="JSON settings"
    )
    arguments.add_argument(
        "--norm-settings", type=command_line.json_object, default={}, help="JSON"
    )
    arguments.add_argument(
        "--optimiser",
        type=command_line.json_object,
        required=True,
        help="JSON: batch_size (null: all samples), momentum, weight_decay",
    )
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--checkpoints", type=int, nargs="+", required=True)
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    arguments.add_argument("--folder", required=True, help="where outputs go")
    command_line.add_compute_arguments(arguments)
    args = arguments.parse_args()

    from pathlib import Path

    from normscape import checkpoints, process, tensors, training
    from normscape.files import write_table
    from normscape.run import Run, Spec

    process.set_up(args.threads)
    spec = Spec(
        model=args.model,
        norm=args.norm,
        lr=args.lr,
        seed=args.seed,
        network=args.network,
        norm_settings=args.norm_settings,
        optimiser=args.optimiser,
    )
    folder = Path(args.folder)

    def save(run, diverged_at):
        checkpoints.save(folder / f"step{run.step}.safetensors", run, diverged_at)

    data, _ = tensors.load(args.data)
    run = Run(spec, data, args.device)
    history, evaluation = training.train(run, args.steps, args.checkpoints, save)
    write_table(folder / "history.csv", training.HISTORY_COLUMNS, history)
    write_table(folder / "evaluation.csv", training.EVALUATION_COLUMNS, evaluation)
    last = dict(zip(training.HISTORY_COLUMNS, history[-1], strict=True))
    outcome = "diverged" if last["diverged"] else "done"
    print(f"{outcome} at step {last['step'] + 1}: loss {last['loss']:.6g}")


if __name__ == "__main__":
    command_line.run(main)
