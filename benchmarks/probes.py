"""Probes: ours against whole models, with the same results."""

import itertools
from functools import partial

import torch

from benchmarks import plain, timing
from benchmarks.training import dln_run, vgg_run
from normscape.probes import ics, landscape
from normscape.training import torch_setup
from normscape.training.run import Run

COLUMNS = (
    "probe",
    "model",
    "size",
    "precision",
    "plain_seconds",
    "our_seconds",
    "ratio",
    "ratio_low",
    "ratio_high",
    "over_float32",
    "over_float32_low",
    "over_float32_high",
    "largest_difference",
)
PRECISIONS = ("float32", "float64")
STEP_SIZES = {"vgg": (0.05, 0.1, 0.2, 0.4), "dln": (1e-8, 1e-7, 1e-6, 1e-5, 3.2e-5)}


def measure(threads: int = 1, depths=(10, 25, 50), rounds: int = 5) -> list[dict]:
    """A row for each probe, network and precision; seconds are medians, a checkpoint each.

    size : the VGG's width, the deep linear network's depth.
    Probes compute in float64 unless told otherwise, most plain code in float32.
    over_float32 : ours over ours in float32.
    largest_difference : between the two, relative to the largest result.
    """
    rows = []
    networks = [("vgg", 16), *(("dln", depth) for depth in depths)]
    for probe, (model, size) in itertools.product(CONTESTANTS, networks):
        makers = {
            (who, precision): partial(
                contestant, model, size, threads, getattr(torch, precision)
            )
            for precision in PRECISIONS
            for who, contestant in zip(
                ("plain", "ours"), CONTESTANTS[probe], strict=True
            )
        }
        timed = timing.in_turns(makers, rounds)
        for precision in PRECISIONS:
            theirs, ours = timed["plain", precision], timed["ours", precision]
            pairs = zip(theirs.value, ours.value, strict=True)
            values = [
                *(probe, model, size, precision, theirs.median, ours.median),
                *timing.ratio(theirs, ours),
                *timing.ratio(ours, timed["ours", "float32"]),
                max(abs(a - b) for a, b in pairs) / max(theirs.value),
            ]
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def make_run(model: str, size: int) -> Run:
    """A run with "batch": the VGG of this width, or a DLN of this depth."""
    return vgg_run(size, "batch") if model == "vgg" else dln_run("batch", size)[0]


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
    run, sizes = make_run(model, size).to(dtype), STEP_SIZES[model]
    settings = {
        "step_sizes": sizes,
        "random_directions": 0,
        "relative_step_sizes": [],
    }
    return lambda: [
        row["gradient_change"]
        for row in landscape.measure(run, **settings)["landscape"]
    ]


def plain_landscape(model, size, threads, dtype=torch.float32):
    torch.set_num_threads(threads)
    return partial(plain.landscape, make_run(model, size).to(dtype), STEP_SIZES[model])


CONTESTANTS = {
    "ics": (plain_ics, our_ics),
    "landscape": (plain_landscape, our_landscape),
}
