"""Theorem 4.4's maximum over all inputs of bounded spectral norm, found numerically."""

import math

import torch
from torch import Tensor

from normscape.randomness import generator

FEATURES = 3  # the maximum is the same for any number of them
TOLERANCE = 1e-13
MAX_STEPS = 100


def largest_gradient(v: Tensor, bound: float) -> float:
    """max ||X'v||^2 over all X of shape (m, 3) with spectral norm at most ``bound``.

    Projected gradient ascent, which tests the closed form bound^2 ||v||^2: from a random
    start, steps as long as the bound, each followed by the projection, until a step adds
    less than 1e-13 of the value.

    The ascent can't end in a smaller local maximum. Where it ends, X has the largest inner
    product with the gradient 2 v (X'v)' of all matrices of norm at most the bound. That product
    is 2 ||X'v||^2, and the largest is 2 bound ||v|| ||X'v||. So either ||X'v|| = bound ||v||, or
    X'v = 0, the minimum.

    v : shape (m,), in float64. bound : positive.

    Returns NaN, which counts as a violation, if v has a NaN or the ascent has not ended
    after 100 steps. The random start has a fixed key, so the result depends on the
    arguments only.

    >>> v = torch.tensor([3.0, 4.0], dtype=torch.double)
    >>> round(largest_gradient(v, bound=2.0), 9)
    100.0
    """
    scale = float(v.abs().max())
    if not 0 < scale < math.inf:  # 0, infinite or NaN: so is the maximum
        return scale
    v = v / scale  # keeps squares from overflow and underflow
    start = generator("theory", "worst inputs")
    x = torch.randn(len(v), FEATURES, generator=start, dtype=v.dtype)
    x = _clip(x, bound)
    value = _square(x, v)
    for _ in range(MAX_STEPS):
        gradient = torch.outer(v, x.t() @ v)
        x = _clip(x + bound / gradient.norm() * gradient, bound)
        before, value = value, _square(x, v)
        if value - before <= TOLERANCE * value:
            return scale * scale * value
    return math.nan


def _clip(x, bound):
    """The nearest matrix whose singular values are at most the bound."""
    left, values, right = torch.linalg.svd(x, full_matrices=False)
    return (left * values.clamp(max=bound)) @ right


def _square(x, v):
    return float((x.t() @ v).square().sum())
