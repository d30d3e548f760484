"""Scaled weight standardisation (Brock et al. 2021)."""

import math

import torch
from torch import nn

from normscape.norms._normaliser import Normaliser

# 1 / the standard deviation of the non-linearity of a standard normal variable.
GAINS = {"linear": 1.0, "relu": math.sqrt(2 / (1 - 1 / math.pi))}


class Norm(Normaliser):
    """The layer multiplies with g * gain * (W - mean) / sqrt(count * variance).

    Mean and (biased) variance are of a unit's weights, of which there are ``count``: its
    fan-in. W is the layer's weight; g, one number per unit, is learnt from 1 on. The gain is
    that of the non-linearity before the layer: inputs of mean 0 and variance 1 lead to
    activations of mean 0 and variance 1.

    Parameters
    ----------
    features : int
        Number of units, or of channels after a convolution.
    eps : float
        Lower bound of count * variance.
    """

    acts_on_weight = True

    def __init__(self, features: int, *, eps):
        super().__init__()
        self.eps = eps
        self.gain = 1.0
        self.g = nn.Parameter(torch.ones(features))

    def initialise(self, weight, nonlinearity):
        self.gain = GAINS[nonlinearity]

    def effective_weight(self, weight):
        dims = [*range(1, weight.dim())]
        centred = weight - weight.mean(dims, keepdim=True)
        square = centred.square().sum(dims, keepdim=True)
        scale = self.gain * square.clamp_min(self.eps).rsqrt()
        return centred * (self.g.view_as(scale) * scale)
