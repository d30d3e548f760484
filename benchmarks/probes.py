"""Probes: ours against copies of whole models, with the same results."""

import itertools
from functools import partial

import torch

from benchmarks import plain, timing
from benchmarks.training import dln_run, vgg_run
from normscape.probes import ics, landscape
from normscape.training import torch_setup
from normscape.training.run import Run

PRECISIONS = ("float32", "float64")
STEP_SIZES = {"vgg": (0.05, 0.1, 0.2, 0.4), "dln": (1e-8, 1e-7, 1e-6, 1e-5, 3.2e-5)}


def measure(threads: int = 1, depths=(10, 25, 50), rounds: int = 3) -> list[dict]:
    """One row per probe, network and precision; seconds are medians per checkpoint.

    size : the VGG's width, the deep linear network's depth.
    ratio : plain / ours. over_float32 : ours / ours in float32.
    largest_difference : between plain and ours, divided by the largest result.
    """
    rows = []
    networks = [("vgg", 16), *(("dln", depth) for depth in depths)]
    for probe, (model, size) in itertools.product(IMPLEMENTATIONS, networks):
        makers = {
            (name, precision): partial(
                implementation, model, size, threads, getattr(torch, precision)
            )
            for precision in PRECISIONS
            for name, implementation in zip(
                ("plain", "ours"), IMPLEMENTATIONS[probe], strict=True
            )
        }
        timed = timing.in_turns(makers, rounds)
        for precision in PRECISIONS:
            reference, ours = timed["plain", precision], timed["ours", precision]
            pairs = zip(reference.value, ours.value, strict=True)
            difference = max(abs(a - b) for a, b in pairs) / max(reference.value)
            over_float32 = timing.ratios(ours, timed["ours", "float32"])
            row = {"probe": probe, "model": model, "size": size, "precision": precision}
            row |= {"plain_seconds": reference.median, "our_seconds": ours.median}
            row |= timing.spread("ratio", timing.ratios(reference, ours))
            row |= timing.spread("over_float32", over_float32)
            rows.append(row | {"largest_difference": difference})
    return rows


def make_run(model: str, size: int) -> Run:
    """A run with "batch": the VGG of this width, or a DLN of this depth."""
    return vgg_run(size, "batch") if model == "vgg" else dln_run("batch", size)


def our_ics(model, size, threads, dtype=torch.float32):
    torch_setup.set_up(threads)
    run = make_run(model, size).to(dtype)
    return lambda: [
        row["l2_difference"] for row in ics.measure(run, parameters="weight")["ics"]
    ]


def plain_ics(model, size, threads, dtype=torch.float32):
    torch.set_num_threads(threads)
    return partial(plain.ics, make_run(model, size).to(dtype))


def our_landscape(model, size, threads, dtype=torch.float32):
    torch_setup.set_up(threads)
    run = make_run(model, size).to(dtype)
    settings = {"step_sizes": STEP_SIZES[model], "relative_step_sizes": []}
    return lambda: [
        row["gradient_change"]
        for row in landscape.measure(run, **settings, random_directions=0)["landscape"]
    ]


def plain_landscape(model, size, threads, dtype=torch.float32):
    torch.set_num_threads(threads)
    return partial(plain.landscape, make_run(model, size).to(dtype), STEP_SIZES[model])


# Per probe the plain implementation and ours.
IMPLEMENTATIONS = {
    "ics": (plain_ics, our_ics),
    "landscape": (plain_landscape, our_landscape),
}
