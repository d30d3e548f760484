"""How time and memory grow with the size of a network and of its batch."""

from functools import partial

import torch

from benchmarks import probes, timing, training

COLUMNS = (
    "what",
    "model",
    "grows_with",
    "size",
    "seconds",
    "seconds_low",
    "seconds_high",
    "peak_mib",
)
STEPS = 4


def measure(threads: int = 1, rounds: int = 3) -> list[dict]:
    """A row for each size: seconds a training step or a probe (median, smallest and
    largest round), peak memory.

    With "batch"; where only one thing grows, the VGG has width 16 and batch 128, and
    the DLN depth 25. Probes compute in float64. Memory is the whole process's, libraries
    included.
    """
    vgg = partial(training.vgg_steps, norm="batch", steps=STEPS, threads=threads)
    dln = partial(training.dln_steps, norm="batch", steps=STEPS, threads=threads)
    widths, depths = (8, 16, 32, 64), (10, 25, 50, 100)
    sizes = [
        *(("training step", "vgg", "width", w, partial(vgg, w)) for w in widths),
        *(
            ("training step", "vgg", "batch", b, partial(vgg, 16, batch=b))
            for b in (32, 64, 128, 256)
        ),
        *(("training step", "dln", "depth", d, partial(dln, depth=d)) for d in depths),
    ]
    exactly = {"threads": threads, "dtype": torch.float64}
    for name, (_, ours) in probes.CONTESTANTS.items():
        for model, grows_with, of in (
            ("vgg", "width", widths),
            ("dln", "depth", depths),
        ):
            sizes += [
                (name, model, grows_with, size, partial(ours, model, size, **exactly))
                for size in of
            ]
    rows = []
    for what, model, grows_with, size, make in sizes:
        timed = timing.in_turns({size: make}, rounds)[size]
        calls = STEPS if what == "training step" else 1
        seconds = timing.spread([each / calls for each in timed.seconds])
        values = [what, model, grows_with, size, *seconds, timed.peak_mib]
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows
