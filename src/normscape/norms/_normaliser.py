"""The base classes of normalisers, which declare what networks and runs must know."""

import torch
from torch import nn

from normscape import randomness


class Normaliser(nn.Module):
    """Maps activations of shape (batch, features, *positions) to the same shape.

    The base class is the identity, which a layer without a normaliser has. Subclasses
    override the attributes that differ:

    replaces_bias : whether it adds a learnt shift, so that the layer before needs no bias.
    per_sample : whether statistics are of each sample by itself. A network that lays out
        activations otherwise gives it samples as the batch. A transformer gives it each
        token as a sample, unless it is also ``over_positions``.
    over_positions : whether statistics of a sample are of each feature over its positions.
    acts_on_weight : whether it normalises the layer's weight, by the two methods below.
    running_momentum : the weight of the newest batch in running statistics; None where it
        records none.
    """

    replaces_bias = False
    per_sample = False
    over_positions = False
    acts_on_weight = False
    running_momentum: float | None = None

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        return y

    def effective_weight(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight that the layer multiplies with, of the same shape (features, ...).

        ``weight`` is the parameter that is trained, moved along directions and measured by
        probes.
        """
        return weight

    def initialise(self, weight: torch.Tensor, nonlinearity: str) -> None:
        """Called once, when the layer's weight has been drawn.

        nonlinearity : the one before the layer, "linear" or "relu".
        """


class RandomNormaliser(Normaliser):
    """A normaliser that draws random numbers in training mode, and none in evaluation mode.

    A run sets three attributes: ``names``, which identify the run; ``layer``, its number from
    1; and ``step``. A step that is repeated draws the same numbers, and a copy of the network
    stays at its step.

    >>> norm = RandomNormaliser()
    >>> first, second = (torch.rand(1, generator=norm.generator("cpu")) for _ in range(2))
    >>> norm.step = 1
    >>> third = torch.rand(1, generator=norm.generator("cpu"))
    >>> bool(first == second), bool(first == third)
    (True, False)
    """

    names: tuple = ()
    layer = 1
    step = 0

    def generator(self, device: str | torch.device) -> torch.Generator:
        """A generator at the start of this step's stream."""
        return randomness.generator(*self.names, self.step, self.layer, device=device)


def random_normalisers(module: nn.Module) -> list[RandomNormaliser]:
    """Those in a module, in order."""
    return [m for m in module.modules() if isinstance(m, RandomNormaliser)]
