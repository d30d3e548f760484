"""Second derivatives of networks, for probes of curvature."""

import copy
import functools

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from normscape.norms._affine import per_feature
from normscape.norms._lp import LpNorm, dimensions


def twice_differentiable(network: nn.Module) -> nn.Module:
    """A copy of a network whose gradients autograd can differentiate once more.

    Lp normalisers state their backward pass in closed form, which autograd sees as the last
    one; in the copy it finds both passes from their formula.
    """
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, LpNorm):
            module.forward = functools.partial(_lp_normalise, module)
    return network


def differentiable_attention():
    """A context in which torch's attention is computed so that this holds for it, too."""
    return sdpa_kernel(SDPBackend.MATH)


def _lp_normalise(norm: LpNorm, y: torch.Tensor) -> torch.Tensor:
    """The formula of ``LpNorm`` in training mode; it records no running averages."""
    centred = y - per_feature(y.mean(dimensions(y)), y)
    scale = norm.scale(centred if norm.centred else y)
    factor = norm.gamma * (scale.square() + norm.eps).rsqrt()
    return per_feature(factor, y) * centred + per_feature(norm.beta, y)


def rayleigh_quotient(vector: torch.Tensor, product: torch.Tensor) -> float:
    """v'Hv / v'v for v and Hv of one shape; NaN for v = 0.

    >>> rayleigh_quotient(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 4.0]))
    3.0
    """
    vector, product = vector.double().flatten(), product.double().flatten()
    return float(vector @ product / vector.square().sum())
