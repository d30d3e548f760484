"""A training's progress as lines in its log."""

import time

from normscape.training.loop import Step

INTERVAL = 20  # seconds


class StepLog:
    """Prints step, loss and speed of a training at an interval.

    steps : of the whole training. start : the step at which it began or resumed.
    """

    def __init__(self, steps: int, start: int = 0, interval: float = INTERVAL):
        self._steps, self._interval = steps, interval
        self._last_time, self._last_step = time.monotonic(), start

    def print_if_due(self, step: int, history: list[Step]) -> None:
        """Print a line such as "step 400 of 800, loss 1.23, 5.1 steps/s", if it is time."""
        now = time.monotonic()
        seconds = now - self._last_time
        if not history or seconds < self._interval:
            return
        speed = (step - self._last_step) / seconds
        print(
            f"step {step} of {self._steps}, loss {history[-1].loss:.3g}, "
            f"{speed:.3g} steps/s",
            flush=True,
        )
        self._last_time, self._last_step = now, step
