"""Timing that a noisy machine does not spoil: in turns, each in its own process."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from normscape.jobs import machine

Call = Callable[[], object]


class Timed(NamedTuple):
    """Seconds of each round, what the last call returned, and the peak memory."""

    seconds: list[float]
    value: object
    peak_mib: int

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def in_turns(makers: dict[object, Callable[[], Call]], rounds: int) -> dict:
    """Time what each maker returns, round by round; a ``Timed`` for each name.

    A maker (a picklable function without arguments) runs in a fresh process, where it
    also sets up how that process computes, so that contestants share no state. A round
    calls each of them once, in order: what slows the machine for a while slows all, and
    ratios within a round stand. One round goes before, unmeasured.
    """
    context = multiprocessing.get_context("spawn")
    contestants = {}
    for name, make in makers.items():
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(make, theirs), daemon=True)
        process.start()
        theirs.close()
        contestants[name] = (process, ours)
    seconds = {name: [] for name in makers}
    for _ in range(rounds + 1):
        for name, (_, connection) in contestants.items():
            connection.send(True)
            seconds[name].append(connection.recv())
    timed = {}
    for name, (process, connection) in contestants.items():
        connection.send(False)
        timed[name] = Timed(seconds[name][1:], *connection.recv())
        process.join()
    return timed


def _serve(make, connection):
    call = make()
    value = None
    while connection.recv():
        start = time.perf_counter()
        value = call()
        connection.send(time.perf_counter() - start)
    connection.send((value, machine.peak_memory_mb()))


def spread(values: list[float]) -> tuple[float, float, float]:
    """The median, the smallest and the largest.

    >>> spread([3.0, 1.0, 2.0])
    (2.0, 1.0, 3.0)
    """
    return statistics.median(values), min(values), max(values)


class Ratio(NamedTuple):
    """How many times as long: the median over rounds, the smallest and the largest."""

    median: float
    low: float
    high: float


def ratio(slower: Timed, faster: Timed) -> Ratio:
    """How many times as long as the second the first took, round by round.

    >>> ratio(Timed([2.0, 6.0, 3.0], 0, 0), Timed([1.0, 2.0, 2.0], 0, 0))
    Ratio(median=2.0, low=1.5, high=3.0)
    """
    pairs = zip(slower.seconds, faster.seconds, strict=True)
    return Ratio(*spread([a / b for a, b in pairs]))
