"""Growth of time and memory with the size of a network and of its batch."""

from functools import partial

import torch

from benchmarks import probes, timing, training

STEPS = 4
SIZES = {
    "width": (8, 16, 32, 64),
    "batch": (32, 64, 128, 256),
    "depth": (10, 25, 50, 100),
}


def measure(threads: int = 1, rounds: int = 2) -> list[dict]:
    """One row per size: seconds per training step or probe, and peak memory.

    The normaliser is "batch". Where only one size grows, the VGG has width 16 and batch
    128. Probes compute in float64. Memory is that of the whole process, with libraries.
    """
    options = {"norm": "batch", "steps": STEPS, "threads": threads}
    vgg, dln = (partial(f, **options) for f in (training.vgg_steps, training.dln_steps))
    series = [
        ("training step", "vgg", "width", lambda width: partial(vgg, width)),
        ("training step", "vgg", "batch", lambda size: partial(vgg, 16, batch=size)),
        ("training step", "dln", "depth", lambda depth: partial(dln, depth=depth)),
    ]
    options = {"threads": threads, "dtype": torch.float64}
    for name, (_, measure_ours) in probes.IMPLEMENTATIONS.items():
        for model, grows_with in (("vgg", "width"), ("dln", "depth")):
            probe = partial(measure_ours, model, **options)
            series.append((name, model, grows_with, partial(partial, probe)))
    rows = []
    for what, model, grows_with, make in series:
        for size in SIZES[grows_with]:
            timed = timing.in_turns({size: make(size)}, rounds)[size]
            calls = STEPS if what == "training step" else 1
            seconds = [each / calls for each in timed.seconds]
            row = {"what": what, "model": model, "grows_with": grows_with, "size": size}
            row |= timing.spread("seconds", seconds)
            rows.append(row | {"peak_mib": timed.peak_mib})
    return rows
