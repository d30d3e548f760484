"""Probes: ours against whole models, with the same results."""

import statistics

from benchmarks import plain, timing
from benchmarks.training import dln_run, vgg_run
from normscape.probes import ics, landscape

COLUMNS = (
    "probe",
    "model",
    "depth",
    "plain_seconds",
    "our_seconds",
    "ratio",
    "largest_difference",
)
STEP_SIZES = {"vgg": (0.05, 0.1, 0.2, 0.4), "dln": (1e-8, 1e-7, 1e-6, 1e-5, 3.2e-5)}


def measure(depths=(10, 25, 50), rounds: int = 5) -> list[list]:
    """A row for each probe and network; seconds are medians, a checkpoint each.

    largest_difference : between the two results, relative to the largest of them.
    """
    runs = [("vgg", 14, vgg_run(16, "batch"))]
    runs += [("dln", depth, dln_run("batch", depth)[0]) for depth in depths]
    rows = []
    for model, depth, run in runs:
        sizes = STEP_SIZES[model]
        for probe, theirs, ours in (
            (
                "ics",
                lambda run=run: plain.ics(run),
                lambda run=run: _column(ics, "l2_difference", ics.measure(run)),
            ),
            (
                "landscape",
                lambda run=run, sizes=sizes: plain.landscape(run, sizes),
                lambda run=run, sizes=sizes: _column(
                    landscape, "gradient_change", landscape.measure(run, sizes, 0)
                ),
            ),
        ):
            times = timing.in_turns({"plain": theirs, "ours": ours}, rounds)
            expected, found = theirs(), ours()
            difference = max(
                abs(a - b) for a, b in zip(expected, found, strict=True)
            ) / max(expected)
            rows.append(
                [
                    probe,
                    model,
                    depth,
                    statistics.median(times["plain"]),
                    statistics.median(times["ours"]),
                    timing.median_ratio(times["plain"], times["ours"]),
                    difference,
                ]
            )
    return rows


def _column(probe, name, rows):
    index = probe.COLUMNS.index(name)
    return [row[index] for row in rows]
