"""Batch normalisation (Ioffe and Szegedy 2015)."""

import torch
import torch.nn.functional as F

from normscape.norms._affine import AffineNorm, centred_backward


class Norm(AffineNorm):
    """gamma * (y - mean) / sqrt(variance + eps) + beta, per feature over the batch.

    The variance is the biased one. Evaluation uses running averages of mean and
    (unbiased) variance, as ``torch.nn.BatchNorm2d`` does.
    """

    def __init__(self, features: int, noise, *, eps, running_momentum):
        super().__init__(features)
        self.eps = eps
        self.running_momentum = running_momentum
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_variance", torch.ones(features))

    def forward(self, y):
        return self.normalise(y, self.gamma, self.beta)

    def normalise(self, y, gamma, beta):
        return F.batch_norm(
            y,
            self.running_mean,
            self.running_variance,
            gamma,
            beta,
            self.training,
            self.running_momentum,
            self.eps,
        )

    def with_pullback(self, y):
        running = self.running_mean, self.running_variance
        z, mean, inverse_deviation = torch.native_batch_norm(
            y, self.gamma, self.beta, *running, True, self.running_momentum, self.eps
        )

        def pullback(g):
            gradient, *of_parameters = centred_backward(
                g, y, self.gamma, mean, inverse_deviation, self.eps
            )
            return gradient, tuple(of_parameters)

        return z, pullback
