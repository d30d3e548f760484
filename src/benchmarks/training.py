"""Training steps: ours against the plain loop, and against the machine's limit."""

import statistics
from functools import partial

import torch
import torch.nn.functional as F

from benchmarks import plain, timing
from normscape import training
from normscape.models.vgg import BLOCKS
from normscape.run import Run, Spec

COLUMNS = (
    "model",
    "width",
    "norm",
    "plain_seconds",
    "our_seconds",
    "ratio",
    "samples_per_second",
    "over_batch_norm",
    "share_of_limit",
)
NORMS = ("none", "batch", "l1", "noisy_batch")
BATCH = 128


def measure(widths=(16, 64), rounds: int = 5) -> list[list]:
    """A row for each network and normaliser; seconds are medians, a step each.

    ratio : plain over ours. over_batch_norm : ours over ours with "batch".
    share_of_limit : of the rate of a large convolution or matrix product.
    """
    limit = machine_limit()
    rows = []
    for width in widths:
        steps = max(1, 128 // width)
        work = 3 * forward_operations(width) * BATCH
        times = {}
        for norm in NORMS:
            run = vgg_run(width, norm, count=steps * BATCH)
            loader = plain.cifar_loader(steps * BATCH, BATCH)
            network = plain.vgg(width, norm, 3, 10)
            times |= timing.in_turns(
                {
                    ("plain", norm): partial(plain.train_vgg, network, loader, 0.01),
                    ("ours", norm): partial(training.train, run, steps, [], None),
                },
                rounds,
            )
        rows += _rows("vgg", width, times, steps, BATCH, work / limit)
    steps, times = 50, {}
    for norm in NORMS:
        run, inputs, targets = dln_run(norm)
        network = plain.dln(25, 10, norm)
        times |= timing.in_turns(
            {
                ("plain", norm): partial(
                    plain.train_dln, network, inputs, targets, 1e-7, steps
                ),
                ("ours", norm): partial(training.train, run, steps, [], None),
            },
            rounds,
        )
    rows += _rows("dln", 10, times, steps, 1000, None)
    return rows


def _rows(model, width, times, steps, samples, limit_seconds):
    for norm in NORMS:
        theirs, ours = times["plain", norm], times["ours", norm]
        seconds = statistics.median(ours) / steps
        yield [
            model,
            width,
            norm,
            statistics.median(theirs) / steps,
            seconds,
            timing.median_ratio(theirs, ours),
            samples / seconds,
            statistics.median(ours) / statistics.median(times["ours", "batch"]),
            limit_seconds / seconds if limit_seconds else None,
        ]


def vgg_run(width: int, norm: str, count: int = 4 * BATCH) -> Run:
    """A run on random 32x32 images."""
    draws = torch.Generator().manual_seed(0)
    data = {
        "train_inputs": torch.randn(count, 3, 32, 32, generator=draws),
        "train_targets": torch.arange(count) % 10,
        "test_inputs": torch.randn(1, 3, 32, 32, generator=draws),
        "test_targets": torch.zeros(1, dtype=torch.long),
    }
    network = {"width": width, "fc_widths": [], "initialisation": "he_normal"}
    optimiser = {"batch_size": BATCH, "momentum": 0, "weight_decay": 0}
    return Run(Spec("vgg", norm, 0.01, 0, network, {}, optimiser), data)


def dln_run(norm: str, depth: int = 25):
    """A run of the deep linear network, with its inputs and targets."""
    draws = torch.Generator().manual_seed(0)
    inputs = torch.randn(1000, 10, generator=draws)
    targets = inputs @ torch.randn(10, 10, generator=draws)
    network = {"depth": depth, "normalise_last": False}
    network["initialisation"] = "glorot_normal"
    optimiser = {"batch_size": None, "momentum": 0, "weight_decay": 0}
    spec = Spec("dln", norm, 1e-7, 0, network, {}, optimiser)
    data = {"train_inputs": inputs, "train_targets": targets}
    return Run(spec, data), inputs, targets


def forward_operations(width: int, side: int = 32) -> float:
    """Multiplications and additions of the convolutions for one image."""
    total, channels = 0, 3
    for count, factor in BLOCKS:
        for _ in range(count):
            total += 2 * 9 * channels * factor * width * side**2
            channels = factor * width
        side //= 2
    return total


def machine_limit() -> float:
    """Operations a second of a large convolution or matrix product, the faster one."""
    a, b = torch.randn(2, 1024, 1024)
    images = torch.randn(32, 256, 16, 16).to(memory_format=torch.channels_last)
    kernel = torch.randn(256, 256, 3, 3).to(memory_format=torch.channels_last)
    times = timing.in_turns(
        {"product": lambda: a @ b, "conv": lambda: F.conv2d(images, kernel, padding=1)},
        9,
    )
    product = 2 * 1024**3 / min(times["product"])
    convolution = 2 * 32 * 256 * 256 * 9 * 16 * 16 / min(times["conv"])
    return max(product, convolution)
