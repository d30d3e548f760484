"""What single operations cost: the deep linear network's layers, noise, doubles."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F

from benchmarks import timing
from normscape import norms, parts
from normscape.pullbacks import with_pullback
from normscape.training import process

COLUMNS = ("operation", "seconds", "seconds_low", "seconds_high")
# Of one round; about a tenth of a second.
SMALL, LARGE = 2000, 20


def measure(threads: int = 1, rounds: int = 5) -> list[dict]:
    """A row for each operation: seconds a call, with the rounds' smallest and largest.

    A layer of the deep linear network holds 10 x 1,000 numbers. A normaliser is timed
    forward and backward there. Convolutions are of 128 images of 32x32, with 16 channels.
    """
    makers = {name: partial(_calls, name, threads) for name in OPERATIONS}
    rows = []
    for name, timed in timing.in_turns(makers, rounds).items():
        count = OPERATIONS[name][1]
        values = [name, *timing.spread([each / count for each in timed.seconds])]
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _calls(name, threads):
    process.set_up(threads)
    make, count = OPERATIONS[name]
    call = make()

    def calls():
        with torch.no_grad():
            for _ in range(count):
                call()

    return calls


def _layer() -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    return torch.randn(1, 10, 1000, generator=draws)


def _products() -> Callable:
    weight, columns = torch.eye(10), _layer()[0]

    def call():
        # Forward, and backward for the weight and for the layer before.
        return weight @ columns, columns @ columns.t(), weight.t() @ columns

    return call


def _normaliser(name: str) -> Callable:
    y = _layer()
    norm = norms.load(name)(10, None, **parts.defaults("norms", name))

    def call():
        z, pullback = with_pullback(norm, y)
        return pullback(z)

    return call


def _on_all() -> Callable:
    y = _layer()
    return y.square


def _on_features() -> Callable:
    scale = torch.ones(10)
    return scale.square


def _draws(method: str) -> Callable:
    return getattr(torch.empty(2**20), method)


def _convolution(dtype) -> Callable:
    layout = {"dtype": dtype, "memory_format": torch.channels_last}
    images = torch.ones(128, 16, 32, 32).to(**layout)
    weight = torch.ones(16, 16, 3, 3).to(**layout)
    return partial(F.conv2d, images, weight, padding=1)


# What makes each, and how often a round calls it.
OPERATIONS = {
    "a layer's three products": (_products, SMALL),
    "batch": (partial(_normaliser, "batch"), SMALL),
    "l1": (partial(_normaliser, "l1"), SMALL),
    "l2": (partial(_normaliser, "l2"), SMALL),
    "linf": (partial(_normaliser, "linf"), SMALL),
    "squares of 10 x 1,000 numbers": (_on_all, SMALL),
    "squares of ten numbers": (_on_features, SMALL),
    "2^20 uniform numbers": (partial(_draws, "uniform_"), LARGE),
    "2^20 normal numbers": (partial(_draws, "normal_"), LARGE),
    "convolution, float32": (partial(_convolution, torch.float32), LARGE),
    "convolution, float64": (partial(_convolution, torch.float64), LARGE),
}
