"""The step of a run and the layers of its network, as measurements ask for them."""

import copy

import torch

from normscape.measure._layers import Layer, Stage
from normscape.training.run import Run


class StepLoss:
    """The loss of a step's own batch, with its noise and the weight penalty.

    The gradient is the one that training follows: some networks state theirs in closed form.
    """

    def __init__(self, run: Run):
        self._run = run

    def __call__(self, network, inputs, targets) -> torch.Tensor:
        return without_penalty(network, inputs, targets) + self._run.penalty(network)

    def with_gradient(self, network, *batch) -> tuple:
        loss, _, gradient = self._run.loss_and_gradient(network)
        return loss, gradient


def without_penalty(network, inputs, targets) -> torch.Tensor:
    """The loss that a network defines."""
    return network.loss(network(inputs), targets)


def stages(network) -> list[Stage]:
    """The stages of a network of ``normscape.models``."""
    return [
        Stage(
            network[position:],
            [
                Layer(layer.linear, layer.norm, list(layer.parameters()), 1)
                for layer in stage.layers
            ],
            stage,
        )
        for position, stage in enumerate(network)
    ]


def after_step(run: Run) -> torch.nn.Module:
    """A copy of the network after the step that training takes next; the run stays."""
    moved = copy.deepcopy(run.network)
    _, _, gradient = run.loss_and_gradient(moved)
    run.move(moved, run.step_for(gradient))
    return moved
