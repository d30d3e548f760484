"""Variance normalisation (Daneshmand et al. 2020): batch normalisation without centring."""

import torch

from normscape.norms._affine import AffineNorm, per_feature
from normscape.norms._lp import dimensions


class Norm(AffineNorm):
    """gamma * y / sqrt(variance + eps) + beta, per feature over the batch.

    The variance is the biased one around the mean, which stays in the activations, as
    Lubana et al. (2021) define it. Evaluation uses its running average.
    """

    def __init__(self, features: int, *, eps, running_momentum):
        super().__init__(features)
        self.eps = eps
        self.running_momentum = running_momentum
        self.register_buffer("running_variance", torch.ones(features))

    def forward(self, y):
        variance = self.running_variance
        if self.training:
            variance = y.var(dimensions(y), correction=0)
            self.running_variance.lerp_(variance.detach(), self.running_momentum)
        scale = self.gamma * (variance + self.eps).rsqrt()
        return per_feature(scale, y) * y + per_feature(self.beta, y)
