"""Base class of normalisers with a learnt scale and shift."""

import torch
from torch import nn

from normscape.norms._normaliser import Normaliser


class AffineNorm(Normaliser):
    """Base class with a learnt scale gamma and shift beta.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.

    Attributes
    ----------
    gamma, beta : torch.nn.Parameter
        Of shape (features,), initially 1 and 0.

    Examples
    --------
    >>> AffineNorm(2).gamma.tolist()
    [1.0, 1.0]
    """

    replaces_bias = True

    def __init__(self, features: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.zeros(features))


def per_feature(vector: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """View a vector so that it broadcasts against activations.

    Parameters
    ----------
    vector : torch.Tensor
        Of shape (features,).
    like : torch.Tensor
        Activations of shape (batch, features, *positions).

    Returns
    -------
    torch.Tensor
        A view of shape (1, features, 1, ...), with as many dimensions as ``like``.

    Examples
    --------
    >>> per_feature(torch.ones(3), torch.ones(2, 3, 4, 4)).shape
    torch.Size([1, 3, 1, 1])
    """
    return vector.view(1, -1, *[1] * (like.dim() - 2))
