"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

import contextlib
import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import nn

from normscape import vectors
from normscape.measure._evaluation import key, measuring
from normscape.measure._second_derivatives import (
    Hessian,
    rayleigh_quotient,
    twice_differentiable,
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
    method: str = "exact",
    seed: object = 0,
    progress: Callable[[int, int], object] | None = None,
) -> dict:
    """The largest eigenvalue of the Hessian H of the loss, and the curvature along g.

    ReLU and maxima count as the linear maps that they are around almost every point. With
    "exact", a product costs one backward pass through the gradient's graph, which in a
    ResNet-18 takes the time of about five forward and backward passes.

    Parameters
    ----------
    network, loss, batch, seed, progress
        See ``help(normscape.measure)``. ``progress`` is called after each product.
    tolerance
        About the largest ``residual`` at which the iteration ends.
    max_products
        Number of products of H with a vector after which the iteration gives up.
    method
        "exact", or "difference": central differences of gradients, for operations that have
        no second derivative in PyTorch. Its relative error is about 1e-3 in float32 and
        1e-9 in float64.

    Returns
    -------
    dict
        One row with the columns:

        largest_eigenvalue : lambda, the algebraically largest one, by ARPACK's implicitly
            restarted Lanczos method (``scipy.sparse.linalg.eigsh``), in the unit of
            loss / parameter**2.
        residual : ||Hv - lambda v|| / |lambda| of its unit vector v. H has an eigenvalue
            within residual * |lambda| of lambda; where it stands alone, the relative error
            is of the order of the residual's square. If the residual exceeds the tolerance,
            second derivatives are not exact, as with surrogate gradients.
        products : number of products of H with a vector that lambda took.
        converged : 1, or 0 where ``max_products`` did not suffice; then lambda and the
            residual are NaN.
        gradient_curvature : g'Hg / ||g||**2, in the same unit.

        All are NaN where a product is not finite, as in a run that diverged.

    Raises
    ------
    TypeError, ValueError
        One line that names the argument which can't be used, or the operation that has no
        second derivative.

    Examples
    --------
    >>> def loss(network, inputs):
    ...     return (network(inputs) ** 2).sum()
    >>> network = nn.Linear(2, 1, bias=False)
    >>> row = curvature(network, loss, (torch.diag(torch.tensor([1.0, 3.0])),))
    >>> round(row["largest_eigenvalue"], 3), row["converged"]
    (18.0, 1)
    """
    if max_products < 1:
        raise ValueError(f"max_products: expected 1 or more, got {max_products}")
    start = derive_seed("lanczos", *key(seed))
    with (
        measuring(network, loss, batch) as at,
        twice_differentiable(at.network),
        contextlib.closing(_Products(at, method, progress, max_products)) as hessian,
    ):
        gradient = hessian.gradient
        try:
            return {
                **_largest_eigenvalue(hessian, start, tolerance),
                "gradient_curvature": rayleigh_quotient(gradient, hessian @ gradient),
            }
        except FloatingPointError:
            return dict.fromkeys([*_COLUMNS, "gradient_curvature"], math.nan)


class _Products:
    """The Hessian in all parameters, as a matrix that ``@`` multiplies with a vector.

    gradient : of all parameters, one vector in their order. A complex number is two.
    number : of products so far.
    """

    def __init__(self, at, method, progress, most: int):
        self._hessian = Hessian(at, at.parameters, method)
        self._like, self._progress = at.parameters, progress
        self.gradient = _flatten(self._hessian.gradient)
        self.number, self.most = 0, most

    def close(self) -> None:
        self._hessian.close()

    def __matmul__(self, vector: torch.Tensor) -> torch.Tensor:
        """H v; a FloatingPointError where it is not finite."""
        real = [vectors.real(p) for p in self._like]
        pieces = vector.to(self.gradient).split([p.numel() for p in real])
        shaped = [
            piece.view(r.shape).to(r.device)
            for piece, r in zip(pieces, real, strict=True)
        ]
        shaped = [
            torch.view_as_complex(each.contiguous()) if p.is_complex() else each
            for each, p in zip(shaped, self._like, strict=True)
        ]
        product = _flatten(self._hessian.product(shaped))
        self.number += 1
        if self._progress and self.number <= self.most:
            self._progress(self.number, self.most)
        if not product.isfinite().all():
            raise FloatingPointError("a product with the Hessian is not finite")
        return product


def _flatten(tensors):
    device = tensors[0].device  # A network may be spread over several.
    return torch.cat([vectors.real(tensor).flatten().to(device) for tensor in tensors])


_COLUMNS = "largest_eigenvalue", "residual", "products", "converged"


class _TooManyProducts(Exception):
    pass


def _largest_eigenvalue(hessian: _Products, seed: int, tolerance: float) -> dict:
    """The columns of the largest eigenvalue; ``seed`` draws the first vector."""

    def product(vector):
        if hessian.number == hessian.most:
            raise _TooManyProducts
        return (hessian @ torch.from_numpy(vector)).double().cpu().numpy()

    size = len(hessian.gradient)
    operator = LinearOperator((size, size), product, dtype=np.float64)
    settings = {"ncv": min(_VECTORS, size), "tol": tolerance, "rng": seed}
    # As maxiter counts restarts, the limit on products comes first.
    settings["maxiter"] = hessian.most
    try:
        if size == 1:  # ARPACK takes no smaller matrix than 2x2.
            values, vectors = product(np.ones(1)), np.ones((1, 1))
        else:
            values, vectors = eigsh(operator, 1, which="LA", **settings)
    except _TooManyProducts:
        return dict(zip(_COLUMNS, (math.nan, math.nan, hessian.most, 0), strict=True))
    except ArpackError:
        if hessian.number > 1:
            raise
        # The first product, which ARPACK starts from, is zero, and so is H.
        values, vectors = np.zeros(1), np.zeros((size, 1))
    (largest,), vector, products = values, vectors[:, 0], hessian.number
    rest = (
        hessian @ torch.from_numpy(vector)
    ).double().cpu().numpy() - largest * vector
    residual = np.linalg.norm(rest) / abs(largest) if largest else 0.0
    row = float(largest), float(residual), products, 1
    return dict(zip(_COLUMNS, row, strict=True))
