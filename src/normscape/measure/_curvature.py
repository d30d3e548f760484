"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import nn

from normscape.measure._evaluation import replayed, trainable
from normscape.measure._second_derivatives import (
    differentiable_attention,
    rayleigh_quotient,
)
from normscape.randomness import derive_seed

# ARPACK keeps so many vectors of the length of all parameters. Its default of 20 would make
# the first sweep alone take more products than most spectra of Hessians need.
_VECTORS = 10


def curvature(
    network: nn.Module,
    loss,
    batch,
    *,
    tolerance: float = 1e-3,
    max_products: int = 1000,
    names: Sequence = (),
) -> dict:
    """The largest eigenvalue of the Hessian H of the loss, and the curvature along g.

    ReLU and maxima count as the linear maps that they are around almost every point.
    Columns:

    largest_eigenvalue : lambda, the algebraically largest one, by ARPACK's implicitly
        restarted Lanczos method (``scipy.sparse.linalg.eigsh``).
    residual : ||Hv - lambda v|| / |lambda| of its unit vector v, at most about
        ``tolerance``. H has an eigenvalue within residual * |lambda| of lambda; where it
        stands alone, the relative error is of the order of the residual's square.
    products : number of products of H with a vector that lambda took.
    converged : 1, or 0 where ``max_products`` did not suffice; then lambda and the residual
        are NaN.
    gradient_curvature : g'Hg / ||g||**2.

    All are NaN where a product is not finite, as in a run that diverged.

    >>> def loss(network, inputs):
    ...     return (network(inputs) ** 2).sum()
    >>> row = curvature(nn.Linear(2, 1, bias=False), loss, [torch.diag(torch.tensor([1.0, 3.0]))])
    >>> round(row["largest_eigenvalue"], 3), row["converged"]
    (18.0, 1)
    """
    network = copy.deepcopy(network)
    seed = derive_seed("lanczos", *names)
    with replayed(network), differentiable_attention():
        hessian = _Hessian(trainable(network), loss(network, *batch))
        gradient = hessian.gradient
        try:
            return {
                **_largest_eigenvalue(hessian, seed, tolerance, max_products),
                "gradient_curvature": rayleigh_quotient(gradient, hessian @ gradient),
            }
        except FloatingPointError:
            return dict.fromkeys([*_COLUMNS, "gradient_curvature"], math.nan)


class _Hessian:
    """The Hessian of a loss; ``@`` is a backward pass through the gradient's graph.

    gradient : of all parameters, one vector in their order.
    products : number of products so far.
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


_COLUMNS = "largest_eigenvalue", "residual", "products", "converged"


class _TooManyProducts(Exception):
    pass


def _largest_eigenvalue(
    hessian: _Hessian, seed: int, tolerance: float, max_products: int
) -> dict:
    """The columns of the largest eigenvalue; ``seed`` draws the first vector."""

    def product(vector):
        if hessian.products == max_products:
            raise _TooManyProducts
        return (hessian @ torch.from_numpy(vector)).double().cpu().numpy()

    size = len(hessian.gradient)
    operator = LinearOperator((size, size), product, dtype=np.float64)
    settings = {"ncv": min(_VECTORS, size), "tol": tolerance, "rng": seed}
    # As maxiter counts restarts, the limit on products comes first.
    settings["maxiter"] = max_products
    try:
        if size == 1:  # ARPACK takes no smaller matrix than 2x2.
            values, vectors = product(np.ones(1)), np.ones((1, 1))
        else:
            values, vectors = eigsh(operator, 1, which="LA", **settings)
    except _TooManyProducts:
        return dict(zip(_COLUMNS, (math.nan, math.nan, max_products, 0), strict=True))
    except ArpackError:
        if hessian.products > 1:
            raise
        # The first product, which ARPACK starts from, is zero, and so is H.
        values, vectors = np.zeros(1), np.zeros((size, 1))
    (largest,), vector, products = values, vectors[:, 0], hessian.products
    rest = (
        hessian @ torch.from_numpy(vector)
    ).double().cpu().numpy() - largest * vector
    residual = np.linalg.norm(rest) / abs(largest) if largest else 0.0
    row = float(largest), float(residual), products, 1
    return dict(zip(_COLUMNS, row, strict=True))
