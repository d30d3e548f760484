"""Training steps: ours against the plain loop, and against the machine's limit."""

from functools import partial

import torch
import torch.nn.functional as F

from benchmarks import plain, random_data, timing
from normscape import parts
from normscape.models.vgg import blocks
from normscape.training import loop, torch_setup
from normscape.training.run import Run, Spec

COLUMNS = (
    "model",
    "width",
    "norm",
    "plain_seconds",
    "our_seconds",
    "ratio",
    "ratio_low",
    "ratio_high",
    "samples_per_second",
    "over_batch_norm",
    "over_batch_norm_low",
    "over_batch_norm_high",
    "share_of_limit",
)
NORMS = ("none", "batch", "l1", "l2", "linf", "noisy_batch")
BATCH = 128


def measure(threads: int = 1, widths=(8, 16, 64), rounds: int = 5) -> list[dict]:
    """A row for each network and normaliser; seconds are medians, a step each.

    ratio : plain over ours. over_batch_norm : ours over ours with "batch". low, high : of
    the rounds.
    share_of_limit : of the rate of a large convolution or matrix product.
    """
    limit = machine_limit(threads)
    rows = []
    for width in widths:
        steps = max(1, 128 // width)
        work = 3 * forward_operations(width) * BATCH
        makers = {
            norm: {
                "plain": partial(plain_vgg_steps, width, norm, steps, threads),
                "ours": partial(vgg_steps, width, norm, steps, threads),
            }
            for norm in NORMS
        }
        rows += _rows("vgg", width, makers, rounds, steps, BATCH, work / limit)
    steps = 50
    makers = {
        norm: {
            "plain": partial(plain_dln_steps, norm, steps, threads),
            "ours": partial(dln_steps, norm, steps, threads),
        }
        for norm in NORMS
    }
    rows += _rows("dln", 10, makers, rounds, steps, 1000, None)
    return rows


def _rows(model, width, makers, rounds, steps, samples, limit_seconds):
    # Not all in turns at once: they would not fit into a small machine's memory.
    ours = timing.in_turns(
        {norm: pair["ours"] for norm, pair in makers.items()}, rounds
    )
    for norm, pair in makers.items():
        timed = timing.in_turns(pair, rounds)
        seconds = timed["ours"].median / steps
        values = [
            *(model, width, norm, timed["plain"].median / steps, seconds),
            *timing.ratio(timed["plain"], timed["ours"]),
            samples / seconds,
            *timing.ratio(ours[norm], ours["batch"]),
            limit_seconds / seconds if limit_seconds else None,
        ]
        yield dict(zip(COLUMNS, values, strict=True))


def vgg_steps(width: int, norm: str, steps: int, threads: int, batch: int = BATCH):
    """A call that takes so many of our steps."""
    torch_setup.set_up(threads)
    run = vgg_run(width, norm, batch=batch)
    return lambda: take_steps(run, steps)


def dln_steps(norm: str, steps: int, threads: int, depth: int = 25):
    """A call that takes so many of our steps."""
    torch_setup.set_up(threads)
    run, _, _ = dln_run(norm, depth)
    return lambda: take_steps(run, steps)


def take_steps(run: Run, steps: int) -> None:
    """So many steps more, from wherever the run is, as the loop records them."""
    record = loop._Record(run)
    for _ in range(steps):
        record.advance(run)
    record.take()


def plain_vgg_steps(width: int, norm: str, steps: int, threads: int):
    """A call that takes so many steps of the plain loop."""
    torch.set_num_threads(threads)
    loader = plain.cifar_loader(steps * BATCH, BATCH)
    return partial(plain.train_vgg, plain.vgg(width, norm, 3, 10), loader, 0.01)


def plain_dln_steps(norm: str, steps: int, threads: int):
    """A call that takes so many steps of the plain loop."""
    torch.set_num_threads(threads)
    _, inputs, targets = dln_run(norm)
    network = plain.dln(25, 10, norm)
    return partial(plain.train_dln, network, inputs, targets, 1e-7, steps)


def vgg_run(width: int, norm: str, batch: int = BATCH) -> Run:
    """A run on random 32x32 images, four batches of them, kept as CIFAR-10's are."""
    network = {
        "configuration": "D",
        "width": width,
        "fc_widths": [],
        "initialisation": "he_normal",
    }
    images = random_data.data(4 * batch, 1, whole=True)
    return _run("vgg", norm, 0.01, network, batch, images)


def dln_run(norm: str, depth: int = 25):
    """A run of the deep linear network, with its inputs and targets."""
    draws = torch.Generator().manual_seed(0)
    inputs = torch.randn(1000, 10, generator=draws)
    targets = inputs @ torch.randn(10, 10, generator=draws)
    network = {"depth": depth, "initialisation": "glorot_normal"}
    data = {"train_inputs": inputs, "train_targets": targets}
    return _run("dln", norm, 1e-7, network, None, data), inputs, targets


def _run(architecture, norm, lr, network, batch_size, data):
    optimiser = {"name": "SGD", "batch_size": batch_size, "l2_penalty": 0}
    spec = Spec(
        model=architecture,
        architecture=architecture,
        norm=norm,
        lr=lr,
        seed=0,
        network=network,
        norm_settings=parts.defaults("norms", norm),
        optimiser=optimiser,
    )
    return Run(spec, data)


def forward_operations(width: int, side: int = 32) -> float:
    """Multiplications and additions of the convolutions for one image."""
    total, channels = 0, 3
    for count, factor in blocks("D"):
        for _ in range(count):
            total += 2 * 9 * channels * factor * width * side**2
            channels = factor * width
        side //= 2
    return total


def machine_limit(threads: int) -> float:
    """Operations a second of a large convolution or matrix product, the faster one."""
    product, convolution = timing.in_turns(
        {"product": partial(_product, threads), "conv": partial(_convolution, threads)},
        rounds=9,
    ).values()
    return max(
        2 * 1024**3 / min(product.seconds),
        2 * 32 * 256 * 256 * 9 * 16 * 16 / min(convolution.seconds),
    )


def _product(threads):
    torch.set_num_threads(threads)
    a, b = torch.randn(2, 1024, 1024)
    out = torch.empty(1024, 1024)

    def call():
        torch.mm(a, b, out=out)

    return call


def _convolution(threads):
    torch_setup.set_up(threads)
    images = torch.randn(32, 256, 16, 16).to(memory_format=torch.channels_last)
    kernel = torch.randn(256, 256, 3, 3).to(memory_format=torch.channels_last)

    def call():
        F.conv2d(images, kernel, padding=1)

    return call
