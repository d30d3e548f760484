"""Train one run: one model, normaliser, learning rate and seed.

Writes history.csv (one row per step), evaluation.csv (test accuracy before each step of
--evaluations and after the last), a checkpoint stepN.safetensors before each step of
--checkpoints, and run.json, which records the machine, the time and the versions. A stopped
run resumes from its last saved state, with bitwise identical results. On SIGTERM it saves its state
and stops before the next step.
"""

from normscape.jobs import command_line

# The outputs depend on these arguments, on the data, and on the device.
SETTINGS = (
    *("model", "architecture", "norm", "lr", "seed"),
    *("network", "norm_settings", "optimiser"),
    *("steps", "checkpoints", "evaluations"),
)


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument(
        "--model", required=True, help="name of the model in the tables"
    )
    arguments.add_argument(
        "--architecture", required=True, help="name of a file in models/"
    )
    arguments.add_argument("--norm", required=True, help="name of a file in norms/")
    arguments.add_argument("--lr", type=float, required=True, help="learning rate")
    arguments.add_argument("--seed", type=int, required=True)
    for name, description in (
        ("network", "settings of the architecture"),
        ("norm-settings", "settings of the normaliser"),
        ("optimiser", "name, batch_size (null: all samples), l2_penalty, settings"),
    ):
        arguments.add_argument(
            f"--{name}",
            type=command_line.json_object,
            required=True,
            help=f"JSON: {description}",
        )
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--checkpoints", type=int, nargs="+", required=True)
    arguments.add_argument("--evaluations", type=int, nargs="+", required=True)
    arguments.add_argument("--data", required=True, help="output of prepare.py")
    arguments.add_argument(
        "--start",
        nargs="?",
        help="checkpoint of another run to start at (default: step 0)",
    )
    arguments.add_argument(
        "--manifest",
        required=True,
        help="path of run.json; the other outputs go to its folder",
    )
    arguments.add_argument(
        "--save-interval",
        type=float,
        default=60,
        help="seconds between saved states, from which a stopped run resumes (60)",
    )
    command_line.add_compute_arguments(arguments)
    args = arguments.parse_args()

    import signal
    import threading
    from pathlib import Path

    from normscape import code
    from normscape.jobs import devices, manifests
    from normscape.jobs.step_log import StepLog
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
        # Before this point there is no progress that a signal could lose.
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        data, metadata = tensors.load(args.data)
        run = Run(spec, data, device)
        checkpoint = None
        if args.start:
            from normscape.training import checkpoints, start

            checkpoint = checkpoints.load(args.start, data, device)
            start.start_at(run, checkpoint)
        modules = code.training_digests(
            args.architecture,
            args.norm,
            args.optimiser["name"],
            checkpoint and checkpoint.spec.norm,
        )
        files = [args.data, *filter(None, [args.start])]
        depends_on = resume.dependencies(run, modules, files, settings)
        state = resume.State(folder / "state", depends_on, args.save_interval)
        history, evaluation = state.restore(run)
        step_log = StepLog(args.steps, run.step)

        def on_pause(run, history, evaluation):
            stopping = stop.is_set()
            if stopping or state.is_due:
                state.save(run, history, evaluation)
            if stopping:
                raise InterruptedError(
                    f"SIGTERM: state saved at step {run.step}; run the same command to resume"
                )
            step_log.print_if_due(run.step, history)

        history, evaluation = loop.train(
            run,
            args.steps,
            checkpoints=args.checkpoints,
            save_checkpoint=state.save_checkpoint,
            evaluations=args.evaluations,
            history=history,
            evaluation=evaluation,
            on_pause=on_pause,
            pause_requested=stop.is_set,
        )
        outputs = list(state.checkpoints)
        for name, row_type, table in (
            ("history", loop.Step, history),
            ("evaluation", loop.Evaluation, evaluation),
        ):
            outputs.append(folder / f"{name}.csv")
            cells = (spec.cell | row._asdict() for row in table)
            rows.write(outputs[-1], [*CELL, *row_type._fields], cells)
        notes = metadata.get("notes", [])
        manifests.write(args.manifest, run, started, outputs, notes)
        state.finish(folder)
    last = history[-1]
    outcome = "diverged" if last.diverged else "done"
    print(f"{outcome} at step {last.step + 1}: loss {last.loss:.6g}")


if __name__ == "__main__":
    command_line.run(main)
