"""Train one cell of the grid: one model, normaliser, learning rate and seed.

Writes history.csv (a row a step), evaluation.csv (test accuracy before each step named
and after the last), a checkpoint stepN.safetensors before each step named, and run.json,
which says where, when and with what it was trained. A training that was stopped resumes
where its state was last saved, and ends with the same bytes. SIGTERM stops it once its
state is saved, before its next step.
"""

from normscape.jobs import command_line

# The arguments that its outputs depend on, besides the data and where it computes.
SETTINGS = (
    *("model", "architecture", "norm", "lr", "seed"),
    *("network", "norm_settings", "optimiser"),
    *("steps", "checkpoints", "evaluations"),
)


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--model", required=True, help="its name in the tables")
    arguments.add_argument("--architecture", required=True, help="a file of models/")
    arguments.add_argument("--norm", required=True, help="a file of norms/")
    arguments.add_argument("--lr", type=float, required=True, help="learning rate")
    arguments.add_argument("--seed", type=int, required=True)
    for name, what in (
        ("network", "settings of the architecture"),
        ("norm-settings", "settings of the normaliser"),
        ("optimiser", "name, batch_size (null: all samples), l2_penalty, settings"),
    ):
        arguments.add_argument(
            f"--{name}",
            type=command_line.json_object,
            required=True,
            help=f"JSON: {what}",
        )
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--checkpoints", type=int, nargs="+", required=True)
    arguments.add_argument("--evaluations", type=int, nargs="+", required=True)
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    arguments.add_argument(
        "--manifest", required=True, help="run.json; the other outputs go beside it"
    )
    arguments.add_argument(
        "--save-interval",
        type=float,
        default=60,
        help="seconds between saved states, from which a stopped training resumes (60)",
    )
    command_line.add_compute_arguments(arguments)
    args = arguments.parse_args()

    import signal
    import threading
    from pathlib import Path

    from normscape.jobs import devices, manifests
    from normscape.jobs.progress import Progress
    from normscape.pipeline import code
    from normscape.tables import CELL, rows
    from normscape.training import loop, resume, tensors, torch_setup
    from normscape.training.run import Run, Spec

    started = manifests.now()
    devices.take(args.device)
    device = torch_setup.set_up(args.threads, args.device)
    settings = {name: getattr(args, name) for name in SETTINGS}
    spec = Spec(**{name: settings[name] for name in Spec.__dataclass_fields__})
    folder = Path(args.manifest).parent
    with resume.exclusive_lock(folder):
        # From here on there is something to lose.
        told_to_stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
        data, metadata = tensors.load(args.data)
        run = Run(spec, data, device)
        modules = code.training_digests(
            args.architecture, args.norm, args.optimiser["name"]
        )
        depends_on = resume.dependencies(run, modules, args.data, settings)
        state = resume.State(folder / "state", depends_on, args.save_interval)
        history, evaluation = state.restore(run)
        progress = Progress(args.steps, run.step)

        def between(run, history, evaluation):
            stopping = told_to_stop.is_set()
            if stopping or state.is_due:
                state.save(run, history, evaluation)
            if stopping:
                raise InterruptedError(
                    f"SIGTERM: the state at step {run.step} is saved; started again, "
                    "the training resumes there"
                )
            progress(run.step, history)

        history, evaluation = loop.train(
            run,
            args.steps,
            checkpoints=args.checkpoints,
            save=state.save_checkpoint,
            evaluations=args.evaluations,
            history=history,
            evaluation=evaluation,
            between=between,
            at_once=told_to_stop.is_set,
        )
        outputs = list(state.checkpoints)
        for name, kind, found in (
            ("history", loop.Step, history),
            ("evaluation", loop.Evaluation, evaluation),
        ):
            outputs.append(folder / f"{name}.csv")
            table = (spec.cell | row._asdict() for row in found)
            rows.write(outputs[-1], [*CELL, *kind._fields], table)
        notes = metadata.get("notes", [])
        manifests.write(args.manifest, run, started, outputs, notes)
        state.finish(folder)
    last = history[-1]
    outcome = "diverged" if last.diverged else "done"
    print(f"{outcome} at step {last.step + 1}: loss {last.loss:.6g}")


if __name__ == "__main__":
    command_line.run(main)
