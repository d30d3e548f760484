"""What normalisers with a learnt scale and shift share."""

import torch
from torch import nn

from normscape.norms._normaliser import Normaliser


class AffineNorm(Normaliser):
    """Scale gamma (from 1) and shift beta (from 0), both of shape (features,)."""

    replaces_bias = True

    def __init__(self, features: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(features))
        self.beta = nn.Parameter(torch.zeros(features))


def per_feature(vector: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """View a (features,) vector so that it broadcasts against ``like``.

    >>> per_feature(torch.ones(3), torch.ones(2, 3, 4, 4)).shape
    torch.Size([1, 3, 1, 1])
    """
    return vector.view(1, -1, *[1] * (like.dim() - 2))
