"""The step of a run and the layers of its network, as measurements ask for them."""

import torch

from normscape.measure._evaluation import after_step
from normscape.measure._layers import Layer, Stage
from normscape.training.run import Run


def without_penalty(network, inputs, targets) -> torch.Tensor:
    """The loss that a network defines."""
    return network.loss(network(inputs), targets)


def network_after_step(run: Run) -> torch.nn.Module:
    """A copy of the network after the step that training takes next; the run stays."""
    return after_step(run.network, run.optimiser, run.loss, run.batch())


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
