"""Cost of an experiment's jobs on this machine, estimated from one step of each kind."""

import time
from collections.abc import Callable

import torch

from benchmarks import random_data
from normscape import components, datasets, probes
from normscape.pipeline import grid
from normscape.training import checkpoints, torch_setup
from normscape.training.loop import test_accuracy
from normscape.training.run import Run, Spec

# How much of a downloaded data set's test set is timed.
_TIMED_TEST_IMAGES = 500


class Jobs:
    """Jobs of a validated config. Random images stand in for data to be downloaded."""

    def __init__(self, config: dict):
        self.config = config
        self.device = torch_setup.set_up(config["threads"], config["device"])
        self._data = {}

    def training_seconds(self, model: str, norm: str) -> float:
        """Seconds of a training: its steps and its evaluations."""
        settings, run = self.config["models"][model], self._run(model, norm)

        def step():
            _, _, gradient = run.loss_and_gradient()
            run.advance(gradient)
            self._wait()

        seconds = settings["steps"] * _seconds(step)
        if run.network.classifies:
            evaluations = len(
                {*grid.evaluations(self.config, model), settings["steps"]}
            )
            stand_in = _stand_in(settings["dataset"])
            scale = stand_in["test"] / _TIMED_TEST_IMAGES if stand_in else 1
            seconds += evaluations * scale * _seconds(lambda: test_accuracy(run))
        return seconds

    def probe_seconds(self, probe: str, cell: grid.Cell) -> float:
        """Seconds of a probe of one checkpoint of a run."""
        run = self._run(cell.model, cell.norm)
        settings = grid.probe_settings(self.config, probe, cell)
        return _seconds(lambda: probes.measure(probe, run, settings))

    def checkpoint_bytes(self, model: str, norm: str) -> int:
        """Size of the tensors of a checkpoint."""
        run = self._run(model, norm)
        _, _, gradient = run.loss_and_gradient()
        run.advance(gradient)  # before the first step an optimiser has no state
        tensors, _ = checkpoints.state(run)
        return sum(tensor.nbytes for tensor in tensors.values())

    def _run(self, model, norm):
        settings = self.config["models"][model]
        spec = Spec(
            model=model,
            architecture=settings["architecture"],
            norm=norm,
            lr=1e-9,  # nothing overflows, which would change the speed
            seed=0,
            network=settings["network"],
            norm_settings=self.config["norm_settings"][norm],
            optimiser=settings["optimiser"],
        )
        return Run(spec, self._data_of(settings), self.device)

    def _data_of(self, settings):
        name = settings["dataset"]
        if name not in self._data:
            stand_in = _stand_in(name)
            if stand_in:
                train = settings["optimiser"]["batch_size"] or stand_in["train"]
                options = {key: stand_in[key] for key in ("shape", "classes")}
                self._data[name] = random_data.dataset(
                    train, _TIMED_TEST_IMAGES, **options
                )
            else:
                declared = components.declaration("datasets", name)
                seed = {"seed": 0} if declared["drawn_by_seed"] else {}
                chosen = self.config["datasets"][name] | seed
                self._data[name] = datasets.load(name, chosen)
        return self._data[name]

    def _wait(self):
        if self.device.type != "cpu":
            torch.accelerator.synchronize()


def _stand_in(dataset: str) -> dict | None:
    return (
        components.declaration("datasets", dataset).get("download", {}).get("stand_in")
    )


def _seconds(call: Callable[[], object]) -> float:
    """The fastest of at least two calls, over one second; the first call is a warm-up."""
    times = []
    while len(times) < 2 or sum(times) < 1:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
