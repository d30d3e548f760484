"""Timing on a noisy machine: in turns, each candidate in a process of its own."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from normscape.jobs import machine

Call = Callable[[], object]


class Timed(NamedTuple):
    """Seconds of each round, the value of the last call, and the peak memory."""

    seconds: list[float]
    value: object
    peak_mib: int

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def in_turns(makers: dict[object, Callable[[], Call]], rounds: int) -> dict:
    """Time the call that each maker returns, round by round; a ``Timed`` per name.

    A maker (a picklable function without arguments) runs in a fresh process and configures
    how that process computes, so that candidates share no state. A round calls each
    candidate once, in order. A disturbance then slows all candidates of a round, and
    ratios within the round remain valid. The first round is a warm-up and not measured.
    """
    context = multiprocessing.get_context("spawn")
    candidates = {}
    for name, make in makers.items():
        connection, remote = context.Pipe()
        process = context.Process(target=_serve, args=(make, remote), daemon=True)
        process.start()
        remote.close()
        candidates[name] = (process, connection)
    seconds = {name: [] for name in makers}
    for _ in range(rounds + 1):
        for name, (_, connection) in candidates.items():
            connection.send(True)
            seconds[name].append(connection.recv())
    timed = {}
    for name, (process, connection) in candidates.items():
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


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Median, smallest and largest value, as columns of a table.

    >>> spread("ratio", [3.0, 1.0, 2.0])
    {'ratio': 2.0, 'ratio_low': 1.0, 'ratio_high': 3.0}
    """
    ends = {f"{name}_low": min(values), f"{name}_high": max(values)}
    return {name: statistics.median(values)} | ends


def ratios(slower: Timed, faster: Timed) -> list[float]:
    """Seconds of the first / seconds of the second, per round.

    >>> ratios(Timed([2.0, 6.0, 3.0], 0, 0), Timed([1.0, 2.0, 2.0], 0, 0))
    [2.0, 3.0, 1.5]
    """
    return [a / b for a, b in zip(slower.seconds, faster.seconds, strict=True)]
