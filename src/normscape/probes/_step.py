"""The step of a run, as measurements take it."""

import torch

from normscape.measure._evaluation import after_step
from normscape.training.run import Run


def without_penalty(network, inputs, targets) -> torch.Tensor:
    """The loss that a network defines."""
    return network.loss(network(inputs), targets)


def network_after_step(run: Run) -> torch.nn.Module:
    """A copy of the network after the step that training takes next; the run stays."""
    return after_step(run.network, run.optimiser, run.loss, run.batch())
