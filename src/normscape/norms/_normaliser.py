"""The base classes of normalisers, which declare what networks and runs must know."""

import torch
from torch import nn

from normscape import randomness


class Normaliser(nn.Module):
    """Base class of normalisers: the identity, for a layer without a normaliser.

    ``forward`` maps activations of shape (batch, features, *positions) to the same shape, in
    float32 in training and in float64 in probes. Subclasses override the attributes that
    differ.

    Attributes
    ----------
    replaces_bias : bool
        Whether it adds a learnt shift, so that the layer before needs no bias.
    per_sample : bool
        Whether statistics are computed per sample. Networks with another layout of
        activations pass samples as the batch. A transformer passes each token as a sample,
        unless ``over_positions`` is true, too.
    over_positions : bool
        Whether the statistics of a sample are computed per feature over its positions.
    acts_on_weight : bool
        Whether it normalises the layer's weight, by the two methods below.
    running_momentum : float or None
        Weight of the newest batch in running statistics, which ``forward`` reads: an
        evaluation sets it to record them again without noise. None if it has none, or if they
        need not be recorded again.

    Examples
    --------
    >>> Normaliser()(torch.ones(2, 3, 4, 4)).shape  # batch, features, height, width
    torch.Size([2, 3, 4, 4])
    """

    replaces_bias = False
    per_sample = False
    over_positions = False
    acts_on_weight = False
    running_momentum: float | None = None

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        return y

    def effective_weight(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight that the layer multiplies with; called if ``acts_on_weight`` is true.

        Parameters
        ----------
        weight : torch.Tensor
            The parameter that is trained and measured, of shape (features, ...).

        Returns
        -------
        torch.Tensor
            A tensor of the same shape.
        """
        return weight

    def initialise(self, weight: torch.Tensor, nonlinearity: str) -> None:
        """Set initial values; called once, after the layer's weight has been drawn.

        Parameters
        ----------
        weight : torch.Tensor
            The layer's initial weight, of shape (features, ...).
        nonlinearity : {"linear", "relu"}
            The non-linearity before the layer.
        """


class RandomNormaliser(Normaliser):
    """Base class of normalisers that draw random numbers in training mode.

    The run sets the attributes. A step that is repeated draws the same numbers, and a copy of the
    network keeps its step.

    Attributes
    ----------
    names : tuple
        Key of the run's random numbers.
    layer : int
        Number of the layer, from 1.
    step : int
        Training step, from 0.

    Examples
    --------
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
        """A generator for this step and layer, always from its start.

        Parameters
        ----------
        device : str or torch.device

        Returns
        -------
        torch.Generator
        """
        return randomness.generator(*self.names, self.step, self.layer, device=device)


def random_normalisers(module: nn.Module) -> list[RandomNormaliser]:
    """The random normalisers in a module, in order."""
    return [m for m in module.modules() if isinstance(m, RandomNormaliser)]
