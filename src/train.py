"""Train one cell of the grid: one model, normaliser, learning rate and seed.

Writes history.csv (a row a step), evaluation.csv (test accuracy before each step named
and after the last), a checkpoint stepN.safetensors before each step named, and run.json,
which says where, when and with what it was trained. A training that was stopped goes on where its
state was last saved, and ends with the same bytes.
"""

from normscape import command_line

# The arguments that its outputs depend on, besides the data and where it computes.
SETTINGS = (
    "model",
    "norm",
    "lr",
    "seed",
    "network",
    "norm_settings",
    "optimiser",
    "steps",
    "checkpoints",
    "evaluations",
)


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
    arguments.add_argument("--evaluations", type=int, nargs="+", required=True)
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    arguments.add_argument("--folder", required=True, help="where outputs go")
    arguments.add_argument(
        "--save-interval",
        type=float,
        default=60,
        help="seconds between saved states, from which a stopped training goes on (60)",
    )
    command_line.add_compute_arguments(arguments)
    args = arguments.parse_args()

    from pathlib import Path

    from normscape import columns, manifests, process, resume, tensors, training
    from normscape.files import write_table
    from normscape.progress import Progress
    from normscape.run import Run, Spec

    started = manifests.now()
    device = process.set_up(args.threads, args.device)
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
    with resume.alone(folder):
        run = Run(spec, tensors.load(args.data)[0], device)
        settings = {name: vars(args)[name] for name in SETTINGS}
        depends_on = resume.dependencies(run, args.data, settings)
        state = resume.State(folder / "state", depends_on, args.save_interval)
        begun = state.restore(run)
        progress = Progress(args.steps, run.step)

        def between(run, history, evaluation):
            state.save(run, history, evaluation)
            progress(run.step, history)

        history, evaluation = training.train(
            run,
            args.steps,
            args.checkpoints,
            state.save_checkpoint,
            args.evaluations,
            *begun,
            between,
        )
        history_file, evaluation_file = (
            folder / "history.csv",
            folder / "evaluation.csv",
        )
        write_table(history_file, columns.HISTORY, history)
        write_table(evaluation_file, columns.EVALUATION, evaluation)
        outputs = [history_file, evaluation_file, *state.checkpoints]
        manifests.write(folder / "run.json", run, started, outputs)
        state.finish(folder)
    last = dict(zip(columns.HISTORY, history[-1], strict=True))
    outcome = "diverged" if last["diverged"] else "done"
    print(f"{outcome} at step {last['step'] + 1}: loss {last['loss']:.6g}")


if __name__ == "__main__":
    command_line.run(main, *command_line.TORCH)
