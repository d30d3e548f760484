"""How far a training is, now and then, as a line in its log."""

import time

from normscape.training.loop import Step

INTERVAL = 20  # seconds


class Progress:
    """Callable as a training's ``between``: prints step, loss and rate at an interval.

    steps : of the whole training. start : where it began or resumed.
    """

    def __init__(self, steps: int, start: int = 0, interval: float = INTERVAL):
        self._steps, self._interval = steps, interval
        self._said = (time.monotonic(), start)

    def __call__(self, step: int, history: list[Step]) -> None:
        """Print a line such as "step 400 of 800, loss 1.23, 5.1 steps/s", if it is time."""
        now = time.monotonic()
        seconds = now - self._said[0]
        if not history or seconds < self._interval:
            return
        rate = (step - self._said[1]) / seconds
        print(
            f"step {step} of {self._steps}, loss {history[-1].loss:.3g}, "
            f"{rate:.3g} steps/s",
            flush=True,
        )
        self._said = (now, step)
