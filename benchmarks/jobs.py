"""What the jobs of an experiment cost on this machine, from one step of each kind."""

import time
from collections.abc import Callable

import torch
from normscape.run import Run, Spec

from normscape import datasets, process
from normscape.probes import activations, ics, landscape
from normscape.training import test_accuracy

# CIFAR-10's test set, and how much of it is timed.
_TEST_IMAGES, _TIMED_TEST_IMAGES = 10_000, 500


class Jobs:
    """Jobs of a validated config. Random images stand in for CIFAR-10's."""

    def __init__(self, config: dict):
        self.config = config
        self.device = process.set_up(config["threads"], config["device"])
        self._data = {}

    def training_seconds(self, model: str, norm: str) -> float:
        """Seconds of a training: its steps, and its looks at the test set."""
        settings, run = self.config["models"][model], self._run(model, norm)

        def step():
            _, _, gradient = run.loss_and_gradient()
            run.advance(gradient)
            self._wait()

        seconds = settings["steps"] * _seconds(step)
        if run.network.classifies:
            looks = len(
                {
                    *settings.get("evaluations", settings["checkpoints"]),
                    settings["steps"],
                }
            )
            of_all = 1
            if settings["dataset"] == "cifar10":
                of_all = _TEST_IMAGES / _TIMED_TEST_IMAGES
            seconds += looks * of_all * _seconds(lambda: test_accuracy(run))
        return seconds

    def probe_seconds(self, probe: str, model: str, norm: str) -> float:
        """Seconds of a probe of one checkpoint."""
        settings, run = self.config["probes"][probe], self._run(model, norm)
        measure = {
            "landscape": lambda: landscape.measure(
                run,
                settings["models"][model]["step_sizes"],
                settings["random_directions"],
            ),
            "ics": lambda: ics.measure(run, settings["parameters"]),
            "activations": lambda: activations.measure(run, settings["bins"]),
        }
        return _seconds(measure[probe])

    def checkpoint_bytes(self, model: str, norm: str) -> int:
        """Size of the tensors of a checkpoint."""
        run = self._run(model, norm)
        state = list(run.network.state_dict().values())
        if run.spec.optimiser["momentum"]:
            state += run.velocity
        return sum(tensor.nbytes for tensor in state)

    def _run(self, model, norm):
        settings = self.config["models"][model]
        spec = Spec(
            model=model,
            norm=norm,
            lr=1e-9,  # nothing overflows, which would change the speed
            seed=0,
            network=settings["network"],
            norm_settings=self.config["norm_settings"].get(norm, {}),
            optimiser=settings["optimiser"],
        )
        return Run(spec, self._data_of(settings), self.device)

    def _data_of(self, settings):
        name = settings["dataset"]
        if name not in self._data:
            self._data[name] = (
                _random_images(settings["optimiser"]["batch_size"] or 50_000)
                if name == "cifar10"
                else datasets.load(name, self.config["datasets"][name])
            )
        return self._data[name]

    def _wait(self):
        if self.device.type != "cpu":
            torch.accelerator.synchronize()


def _random_images(count):
    draws = torch.Generator().manual_seed(0)
    data = {"mean": torch.full((3,), 128.0), "deviation": torch.full((3,), 64.0)}
    for part, images in (("train", count), ("test", _TIMED_TEST_IMAGES)):
        size = (images, 32, 32, 3)
        data[f"{part}_inputs"] = torch.randint(
            256, size, generator=draws, dtype=torch.uint8
        )
        data[f"{part}_targets"] = torch.arange(images) % 10
    return data


def _seconds(call: Callable[[], object]) -> float:
    """The quickest of the calls of a second, of two at least: the first one warms up."""
    times = []
    while len(times) < 2 or sum(times) < 1:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
