"""Dynamic Tanh (Zhu et al. 2025)."""

import torch
from torch import nn

from normscape.norms._affine import AffineNorm, per_feature


class Norm(AffineNorm):
    """gamma * tanh(alpha * y) + beta: no statistics, and alpha is learnt, one per layer.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    initial_alpha : float
        Initial value of alpha.
    """

    def __init__(self, features: int, *, initial_alpha):
        super().__init__(features)
        self.alpha = nn.Parameter(torch.tensor(float(initial_alpha)))

    def forward(self, y):
        squashed = (self.alpha * y).tanh()
        return per_feature(self.gamma, y) * squashed + per_feature(self.beta, y)
