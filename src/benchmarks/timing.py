"""Timing that a noisy machine does not spoil: in turns, with medians."""

import statistics
import time
from collections.abc import Callable

Times = dict[str, list[float]]


def in_turns(calls: dict[str, Callable[[], object]], rounds: int) -> Times:
    """Seconds of each call in each round; a round makes every call once, in order.

    What slows the machine for a while slows all of them, so that ratios within a round
    stand. One round goes before, unmeasured.
    """
    for call in calls.values():
        call()
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


def median_ratio(slower: list[float], faster: list[float]) -> float:
    """Median over rounds of how many times as long the first took.

    >>> median_ratio([2.0, 6.0, 3.0], [1.0, 2.0, 2.0])
    2.0
    """
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))
