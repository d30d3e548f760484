"""Batch normalisation (Ioffe and Szegedy 2015)."""

import torch
import torch.nn.functional as F

from normscape.norms._affine import AffineNorm


class Norm(AffineNorm):
    """gamma * (y - mean) / sqrt(variance + eps) + beta, per feature over the batch.

    The variance is the biased one. Evaluation uses running averages of mean and
    (unbiased) variance, as ``torch.nn.BatchNorm2d`` does.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    eps : float
        Added to the variance.
    running_momentum : float
        Weight of the newest batch in the running averages.

    Examples
    --------
    >>> Norm(1, eps=1e-9, running_momentum=0.1)(torch.tensor([[1.0], [3.0]])).flatten().tolist()
    [-1.0, 1.0]
    """

    def __init__(self, features: int, *, eps, running_momentum):
        super().__init__(features)
        self.eps = eps
        self.running_momentum = running_momentum
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_variance", torch.ones(features))

    def forward(self, y):
        return F.batch_norm(
            y,
            self.running_mean,
            self.running_variance,
            self.gamma,
            self.beta,
            self.training,
            self.running_momentum,
            self.eps,
        )
