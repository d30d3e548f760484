"""Backward passes in closed form, for networks whose step is all overhead.

A module's pullback at an input maps dL/d(output) to dL/d(input) and to the gradients of
its parameters, in training mode. A normaliser that can state its own defines
``with_pullback(y)``; for all others autograd finds it.
"""

from collections.abc import Callable

import torch
from torch import nn

Pullback = Callable[[torch.Tensor], tuple[torch.Tensor, tuple[torch.Tensor, ...]]]


def with_pullback(module: nn.Module, y: torch.Tensor) -> tuple[torch.Tensor, Pullback]:
    """``module(y)`` without a graph, and its pullback there.

    >>> z, pullback = with_pullback(nn.ReLU(), torch.tensor([-1.0, 2.0]))
    >>> pullback(torch.ones(2))
    (tensor([0., 1.]), ())
    """
    if hasattr(module, "with_pullback"):
        return module.with_pullback(y)
    # Autograd's first call with a gradient imports sympy: as long as a small job.
    if isinstance(module, nn.Identity):
        return y, lambda g: (g, ())
    return by_autograd(module, y)


def by_autograd(module: nn.Module, y: torch.Tensor) -> tuple[torch.Tensor, Pullback]:
    """As ``with_pullback``, for any module."""
    with torch.enable_grad():
        y = y.detach().requires_grad_()
        z = module(y)

    def pullback(g):
        gradient, *of_parameters = torch.autograd.grad(z, [y, *module.parameters()], g)
        return gradient, tuple(of_parameters)

    return z.detach(), pullback
