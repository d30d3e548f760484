"""Curvature of the training loss (Cohen et al. 2021; Ghorbani et al. 2019)."""

import math

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from normscape.randomness import derive_seed
from normscape.second_derivatives import rayleigh_quotient, twice_differentiable
from normscape.training.run import Run

# So many vectors of all parameters' length are kept. With scipy's default of 20, the first
# sweep alone takes more products than most spectra need.
_LANCZOS_VECTORS = 10


def measure(run: Run, *, tolerance: float) -> dict[str, list[dict]]:
    """A row with the largest eigenvalue of the Hessian H, and the curvature along g.

    H and g are the Hessian and the gradient of the step's own loss: on its batch, in
    training mode, with its noise and the weight penalty. ReLU and maxima count as the
    linear maps that they are around almost every point. Columns:

    largest_eigenvalue : lambda, the algebraically largest one, by implicitly restarted
        Lanczos iteration; its start is keyed by (architecture, seed, step).
    residual : ||Hv - lambda v|| / |lambda| of its unit vector v, at most about
        ``tolerance``. H has an eigenvalue within residual * |lambda| of lambda; where it
        stands alone, the relative error is of the order of the residual's square.
    gradient_curvature : g'Hg / ||g||**2.
    products : how many products of H with a vector lambda took.

    A row of NaN where a product is not finite, as in a run that diverged.
    """
    hessian = _Hessian(run)
    spec = run.spec
    start = derive_seed("lanczos", spec.architecture, spec.seed, run.step)
    try:
        gradient = hessian.gradient
        row = {
            **_largest_eigenvalue(hessian, start, tolerance),
            "gradient_curvature": rayleigh_quotient(gradient, hessian @ gradient),
        }
    except FloatingPointError:
        columns = ("largest_eigenvalue", "residual", "products", "gradient_curvature")
        row = dict.fromkeys(columns, math.nan)
    return {"curvature": [row]}


class _Hessian:
    """The Hessian of a run's loss; ``@`` is a backward pass through the gradient's graph.

    gradient : of all parameters, one vector in their order.
    products : how many have been taken.
    """

    def __init__(self, run: Run):
        network = twice_differentiable(run.network)
        inputs, targets = run.batch()
        loss = network.loss(network(inputs), targets) + run.penalty(network)
        self._parameters = list(network.parameters())
        self._gradient = torch.autograd.grad(loss, self._parameters, create_graph=True)
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
    (largest,), vectors = eigsh(
        LinearOperator((count, count), product, dtype=np.float64),
        k=1,
        which="LA",
        ncv=min(_LANCZOS_VECTORS, count),
        tol=tolerance,
        rng=start,
    )
    products, vector = hessian.products, vectors[:, 0]
    residual = np.linalg.norm(product(vector) - largest * vector)
    return {
        "largest_eigenvalue": float(largest),
        "residual": float(residual / abs(largest)),
        "products": products,
    }
