"""Training steps: ours against the plain loop."""

from functools import partial

import torch

from benchmarks import plain, random_data, timing
from normscape import components
from normscape.training import loop, torch_setup
from normscape.training.run import Run, Spec

NORMS = ("none", "batch", "l1", "l2", "linf", "noisy_batch")
BATCH = 128
DLN_SAMPLES, DLN_FEATURES, DLN_STEPS = 1000, 10, 50


def measure(threads: int = 1, widths=(8, 16, 64), rounds: int = 3) -> list[dict]:
    """One row per network and normaliser; seconds are medians per step.

    ratio : plain / ours. over_batch_norm : ours / ours with "batch".
    """
    rows = []
    for width in widths:
        steps = max(1, 64 // width)
        plain_steps, our_steps = (
            {norm: partial(f, width, norm, steps, threads) for norm in NORMS}
            for f in (plain_vgg_steps, vgg_steps)
        )
        network = {"model": "vgg", "width": width}
        rows += _time(network, plain_steps, our_steps, rounds, steps, BATCH)
    plain_steps, our_steps = (
        {norm: partial(f, norm, DLN_STEPS, threads) for norm in NORMS}
        for f in (plain_dln_steps, dln_steps)
    )
    network = {"model": "dln", "width": DLN_FEATURES}
    rows += _time(network, plain_steps, our_steps, rounds, DLN_STEPS, DLN_SAMPLES)
    return rows


def _time(network, plain_steps, our_steps, rounds, steps, samples):
    # All makers in turns at once would not fit into a small machine's memory.
    ours_by_norm = timing.in_turns(our_steps, rounds)
    for norm in NORMS:
        pair = {"plain": plain_steps[norm], "ours": our_steps[norm]}
        reference, ours = timing.in_turns(pair, rounds).values()
        over_batch = timing.ratios(ours_by_norm[norm], ours_by_norm["batch"])
        row = network | {"norm": norm, "plain_seconds": reference.median / steps}
        row |= {"our_seconds": ours.median / steps}
        row |= timing.spread("ratio", timing.ratios(reference, ours))
        row |= {"samples_per_second": samples * steps / ours.median}
        yield row | timing.spread("over_batch_norm", over_batch)


def vgg_steps(width: int, norm: str, steps: int, threads: int, batch: int = BATCH):
    """Return a call that takes this number of our steps."""
    torch_setup.set_up(threads)
    return partial(take_steps, vgg_run(width, norm, batch), steps)


def dln_steps(norm: str, steps: int, threads: int, depth: int = 25):
    """Return a call that takes this number of our steps."""
    torch_setup.set_up(threads)
    return partial(take_steps, dln_run(norm, depth), steps)


def take_steps(run: Run, steps: int) -> None:
    """Take and record steps from the run's current step on, without an evaluation."""
    record = loop.Record(run)
    for _ in range(steps):
        record.advance(run)
    record.take()


def plain_vgg_steps(width: int, norm: str, steps: int, threads: int):
    """Return a call that takes this number of steps of the plain loop."""
    torch.set_num_threads(threads)
    loader = plain.cifar_loader(steps * BATCH, BATCH)
    return partial(plain.train_vgg, plain.vgg(width, norm, 3, 10), loader, 0.01)


def plain_dln_steps(norm: str, steps: int, threads: int):
    """Return a call that takes this number of steps of the plain loop."""
    torch.set_num_threads(threads)
    network = plain.dln(25, DLN_FEATURES, norm)
    return partial(plain.train_dln, network, *dln_run(norm).batch(), 1e-7, steps)


def vgg_run(width: int, norm: str, batch: int = BATCH) -> Run:
    """A run on four batches of random 32x32 images, stored as CIFAR-10's are."""
    network = {
        "width": width,
        "initialisation": "he_normal",
    }
    return _make_run(
        "vgg", norm, 0.01, network, batch, random_data.dataset(4 * batch, 1)
    )


def dln_run(norm: str, depth: int = 25) -> Run:
    """A run of the deep linear network."""
    draws = torch.Generator().manual_seed(0)
    inputs = torch.randn(DLN_SAMPLES, DLN_FEATURES, generator=draws)
    targets = inputs @ torch.randn(DLN_FEATURES, DLN_FEATURES, generator=draws)
    network = {"depth": depth, "initialisation": "glorot_normal"}
    data = {"train_inputs": inputs, "train_targets": targets}
    return _make_run("dln", norm, 1e-7, network, None, data)


def _make_run(architecture, norm, lr, network, batch_size, data):
    spec = Spec(
        model=architecture,
        architecture=architecture,
        norm=norm,
        lr=lr,
        seed=0,
        network=network,
        norm_settings=components.defaults("norms", norm),
        optimiser={"name": "SGD", "batch_size": batch_size, "l2_penalty": 0},
    )
    return Run(spec, data)
