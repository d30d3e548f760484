"""Training: the loop, what it records, and divergence as a result."""

import copy
import math
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import torch

from normscape.norms import Normaliser, random_normalisers
from normscape.training.run import Run

# Records of this many steps are transferred from the device at once.
RECORD_INTERVAL = 50
# From so many batches statistics are taken again for evaluation, where noise falsifies them.
STATISTICS_BATCHES = 20


class Step(NamedTuple):
    """One row of the history: loss, accuracy and gradient norm of a step's batch.

    penalty : the L2 penalty, a part of the loss. accuracy : None where the network does not
    classify. diverged : 0 or 1.
    """

    step: int
    loss: float
    penalty: float
    accuracy: float | None
    gradient_norm: float
    diverged: int


class Evaluation(NamedTuple):
    """One row of the evaluation: the test accuracy before a step."""

    step: int
    test_accuracy: float


def train(
    run: Run,
    steps: int,
    *,
    checkpoints: Collection[int] = (),
    save_checkpoint: Callable[[Run, int | None], None] | None = None,
    evaluations: Collection[int] = (),
    history: Iterable[Step] = (),
    evaluation: Iterable[Evaluation] = (),
    on_pause: Callable[[Run, list[Step], list[Evaluation]], None] | None = None,
    pause_requested: Callable[[], bool] = lambda: False,
) -> tuple[list[Step], list[Evaluation]]:
    """Train up to ``steps``; return the history and the evaluation.

    save_checkpoint : called with the run, and the step at which it diverged or None,
        before each step of ``checkpoints``.
    evaluations : steps before which a classifier is evaluated, as after the last step.
    history, evaluation : the rows before the run's step, from which training resumes.
    on_pause : called with the run and both tables so far, at least every 50 steps. They
        are all that another call needs to resume and to end with the same results.
    pause_requested : while it returns true, ``on_pause`` is called before the next step.

    A run whose loss or gradient is no longer finite has diverged. That step is the last
    row of its history, and its later checkpoints hold its final state.
    """
    record = Record(run)
    history, evaluation = list(history), list(evaluation)
    diverged_at = None
    stop_steps = {*checkpoints, *evaluations}
    for step in range(run.step, steps + 1):
        if step in stop_steps or step == steps or record.full or pause_requested():
            rows, diverged_at = record.take()
            history += rows
            if diverged_at is not None:
                break
            if on_pause:
                on_pause(run, history, evaluation)
        if step in checkpoints:
            save_checkpoint(run, None)
        if run.network.classifies and (step in evaluations or step == steps):
            evaluation.append(Evaluation(step, test_accuracy(run)))
        if step < steps:
            record.advance(run)
    if diverged_at is not None:
        for step in sorted(c for c in checkpoints if c > diverged_at):
            run.step = step
            save_checkpoint(run, diverged_at)
    return history, evaluation


class Record:
    """Numbers of each step, which stay on the device until taken."""

    def __init__(self, run: Run):
        self.classifies = run.network.classifies
        self.start = run.step
        self._clear()

    def _clear(self):
        self.losses, self.penalties, self.accuracies, self.norms = [], [], [], []

    @property
    def full(self) -> bool:
        return len(self.losses) == RECORD_INTERVAL

    def advance(self, run: Run) -> None:
        """Take one step of the run and record it."""
        loss, outputs, gradient = run.loss_and_gradient()
        self.losses.append(loss)
        with torch.no_grad():
            self.penalties.append(torch.as_tensor(run.penalty(run.network)))
        self.norms.append(torch.nn.utils.get_total_norm(gradient))
        if self.classifies:
            _, targets = run.batch()
            self.accuracies.append((outputs.argmax(1) == targets).float().mean())
        run.advance(gradient)

    def take(self) -> tuple[list[Step], int | None]:
        """Return the rows since the last call, and the step of divergence or None."""
        rows, diverged_at = [], None
        losses, norms = _to_floats(self.losses), _to_floats(self.norms)
        penalties = _to_floats(self.penalties)
        accuracies = _to_floats(self.accuracies) or [None] * len(losses)
        values = zip(losses, penalties, accuracies, norms, strict=True)
        for step, (loss, penalty, accuracy, norm) in enumerate(values, self.start):
            diverged = not (math.isfinite(loss) and math.isfinite(norm))
            rows.append(Step(step, loss, penalty, accuracy, norm, int(diverged)))
            if diverged:
                diverged_at = step
                break
        self.start += len(losses)
        self._clear()
        return rows, diverged_at


def _to_floats(scalars: list[torch.Tensor]) -> list[float]:
    """Convert scalars in one transfer from the device."""
    return torch.stack(scalars).tolist() if scalars else []


@torch.no_grad()
def test_accuracy(run: Run) -> float:
    """Accuracy on the test set, in evaluation mode."""
    network = _for_evaluation(run).eval()
    correct = total = 0
    for inputs, targets in run.test_batches():
        correct += (network(inputs).argmax(1) == targets).sum()
        total += len(targets)
    run.network.train()
    return float(correct) / total


def _for_evaluation(run: Run) -> torch.nn.Module:
    """The network, or a copy with other running statistics where they were taken under noise.

    Those are not the statistics of the network without noise, which is evaluated. So they
    are taken again without it, as means over batches of the training set.
    """
    if not (random_normalisers(run.network) and _recording(run.network)):
        return run.network
    network = copy.deepcopy(run.network)
    for normaliser in random_normalisers(network):
        normaliser.eval()
    for number, inputs in enumerate(run.training_batches(STATISTICS_BATCHES), start=1):
        for normaliser in _recording(network):
            normaliser.running_momentum = 1 / number
        network(inputs)
    return network


def _recording(network) -> list[Normaliser]:
    """The normalisers that record running statistics."""
    normalisers = [m for m in network.modules() if isinstance(m, Normaliser)]
    return [n for n in normalisers if n.running_momentum is not None]
