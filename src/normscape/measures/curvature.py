"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from normscape.measures.evaluation import replayed, trainable
from normscape.measures.lanczos import largest_eigenvalue
from normscape.randomness import derive_seed
from normscape.second_derivatives import (
    differentiable_attention,
    rayleigh_quotient,
)


def curvature(
    network: nn.Module, loss, batch, *, tolerance: float = 1e-3, names: Sequence = ()
) -> dict:
    """The largest eigenvalue of the Hessian H of the loss, and the curvature along g.

    ReLU and maxima count as the linear maps that they are around almost every point.
    Columns:

    largest_eigenvalue : lambda, the algebraically largest one, by Lanczos iteration.
    residual : ||Hv - lambda v|| / |lambda| of its unit vector v, at most about
        ``tolerance``. H has an eigenvalue within residual * |lambda| of lambda; where it
        stands alone, the relative error is of the order of the residual's square.
    products : how many products of H with a vector lambda took.
    gradient_curvature : g'Hg / ||g||**2.

    All are NaN where a product is not finite, as in a run that diverged.
    """
    network = copy.deepcopy(network)
    start = derive_seed("lanczos", *names)
    with replayed(network), differentiable_attention():
        hessian = _Hessian(trainable(network), loss(network, *batch))
        gradient = hessian.gradient
        try:
            return {
                **_largest_eigenvalue(hessian, start, tolerance),
                "gradient_curvature": rayleigh_quotient(gradient, hessian @ gradient),
            }
        except FloatingPointError:
            columns = "largest_eigenvalue", "residual", "products", "gradient_curvature"
            return dict.fromkeys(columns, math.nan)


class _Hessian:
    """The Hessian of a loss; ``@`` is a backward pass through the gradient's graph.

    gradient : of all parameters, one vector in their order.
    products : how many have been taken.
    """

    def __init__(self, parameters: list[torch.Tensor], loss: torch.Tensor):
        self._parameters = parameters
        self._gradient = torch.autograd.grad(loss, parameters, create_graph=True)
        self.gradient = _flatten(self._gradient).detach()
        self.products = 0

    def __matmul__(self, vector: torch.Tensor) -> torch.Tensor:
        """H v; a FloatingPointError where it is not finite."""
        parameters = self._parameters
        pieces = vector.to(self.gradient).split([p.numel() for p in parameters])
        shaped = [v.view_as(p) for v, p in zip(pieces, parameters, strict=True)]
        product = _flatten(
            torch.autograd.grad(self._gradient, parameters, shaped, retain_graph=True)
        )
        self.products += 1
        if not product.isfinite().all():
            raise FloatingPointError("a product with the Hessian is not finite")
        return product


def _flatten(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def _largest_eigenvalue(hessian: _Hessian, start: int, tolerance: float) -> dict:
    """The columns of the largest eigenvalue; ``start`` seeds the first vector."""

    def product(vector):
        return (hessian @ torch.from_numpy(vector)).double().cpu().numpy()

    count = len(hessian.gradient)
    largest, vector = largest_eigenvalue(product, count, start, tolerance)
    products = hessian.products
    residual = np.linalg.norm(product(vector) - largest * vector)
    return {
        "largest_eigenvalue": float(largest),
        "residual": float(residual / abs(largest)) if largest else 0.0,
        "products": products,
    }
