"""Mean-only batch normalisation (Salimans and Kingma 2016, Section 4)."""

import torch

from normscape.norms._affine import AffineNorm, per_feature
from normscape.norms._lp import average


class Norm(AffineNorm):
    """gamma * (y - mean) + beta, per feature over the batch.

    There gamma is the scale of weight normalisation; here it is learnt alone, so that the
    centring is the only difference to ``affine``. Evaluation uses a running average.
    """

    def __init__(self, features: int, *, running_momentum):
        super().__init__(features)
        self.running_momentum = running_momentum
        self.register_buffer("running_mean", torch.zeros(features))

    def forward(self, y):
        mean = self.running_mean
        if self.training:
            mean = average(y)
            self.running_mean.lerp_(mean.detach(), self.running_momentum)
        shift = self.beta - self.gamma * mean
        return per_feature(self.gamma, y) * y + per_feature(shift, y)
