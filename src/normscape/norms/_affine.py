"""What normalisers with a learnt scale and shift share."""

import torch
from torch import nn


class AffineNorm(nn.Module):
    """Scale gamma (from 1) and shift beta (from 0), both of shape (features,).

    ``replaces_bias`` tells a network that the layer before needs no bias, because
    beta takes its place.
    """

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


def centred_backward(g, y, gamma, mean, inverse, eps):
    """BatchNorm's backward pass: dL/dy, dL/dgamma and dL/dbeta, given g = dL/dz.

    For z = gamma * xhat + beta, xhat = (y - mean) * inverse, with means over the batch:

        dL/dy = gamma * inverse * (g - mean(g) - xhat * mean(g * xhat)).

    inverse : of BatchNorm 1 / sqrt(variance + eps); another scale's makes this the
        gradient but for what l2.py adds. The kernel takes eps, and has no use for it here.
    """
    return torch.ops.aten.native_batch_norm_backward(
        g, y, gamma, None, None, mean, inverse, True, eps, [True] * 3
    )
