"""What measurements of curvature share."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


def differentiable_attention():
    """A context in which torch's attention has a second derivative."""
    return sdpa_kernel(SDPBackend.MATH)


def rayleigh_quotient(vector: torch.Tensor, product: torch.Tensor) -> float:
    """v'Hv / v'v for v and Hv of one shape; NaN for v = 0.

    >>> rayleigh_quotient(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 4.0]))
    3.0
    """
    vector, product = vector.double().flatten(), product.double().flatten()
    return float(vector @ product / vector.square().sum())
