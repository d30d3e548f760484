"""Scale invariance of weights (van Laarhoven 2017; Arora et al. 2018).

A loss that does not change with the scale of W has a gradient orthogonal to W, which
shrinks as 1 / ||W||; what a step does to it depends on lr / ||W||**2 alone.
"""

import contextlib
import math
from collections.abc import Sequence

import torch
from torch import nn

from normscape import vectors
from normscape.measure import _check
from normscape.measure._evaluation import measuring
from normscape.measure._layers import Stages
from normscape.measure._second_derivatives import (
    Hessian,
    rayleigh_quotient,
    twice_differentiable,
)


def invariance(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    method: str = "exact",
    layers: str | Sequence[str] | None = None,
    stages: Stages | None = None,
) -> list[dict]:
    """Each layer's weight W, its gradient g, and the step that training takes next.

    g and H are the gradient and the Hessian of the loss with respect to W alone. The loss is
    best without a weight penalty, which no network is invariant to.

    Parameters
    ----------
    network, loss, batch, after, layers, stages
        See ``help(normscape.measure)``.
    method
        "exact" or "difference", as of ``curvature``.

    Returns
    -------
    list of dict
        One row per layer, with the columns ``layer`` and ``name``, and:

        weight_gradient_cosine : between W and g, 0 for a scale-invariant W. The pipeline's
            table calls it ``cosine``.
        weight_norm, gradient_norm : ||W|| and ||g||, in the units parameter and
            loss / parameter.
        angle : between W before and after the step, in degrees.
        relative_update : ||W after - W before|| / ||W before||.
        gradient_curvature : g'Hg / ||g||**2, the smoothness of the loss along the layer's
            gradient, in the unit of loss / parameter**2. Times ||W||**2 it does not depend on the scale of an invariant W.

    Raises
    ------
    TypeError, ValueError
        One line that names the argument which can't be used, or the operation that has no
        second derivative.

    Examples
    --------
    >>> def loss(network, inputs):
    ...     return network(inputs).pow(3).mean()
    >>> norm = nn.LayerNorm(3, eps=1e-12)
    >>> network = nn.Sequential(nn.Linear(2, 3, bias=False), norm, nn.Linear(3, 1)).double()
    >>> batch = (torch.randn(5, 2).double(),)
    >>> first, last = invariance(network, loss, batch, network)
    >>> first["name"], abs(first["weight_gradient_cosine"]) < 0.01, last["angle"]
    ('0', True, 0.0)
    """
    with (
        measuring(network, loss, batch, stages=stages, layers=layers) as at,
        twice_differentiable(at.network),
    ):
        moved = _check.after(at.network, getattr(after, "_orig_mod", after))
        found = enumerate(at.layers, start=1)
        chosen = [(number, layer) for number, layer in found if layer.chosen]
        weights = [_check.trained(layer, layer.weights) for _, layer in chosen]
        together = list(dict.fromkeys(w for each in weights for w in each))
        places = {weight: i for i, weight in enumerate(together)}
        rows = []
        with contextlib.closing(Hessian(at, together, method)) as hessian:
            for (number, layer), own in zip(chosen, weights, strict=True):
                indices = [places[weight] for weight in own]
                gradient = [hessian.gradient[i] for i in indices]
                product = hessian.product(gradient, indices)
                g, w, after_the_step, hg = (
                    _vector(each)
                    for each in (gradient, own, [moved[p] for p in own], product)
                )
                rows.append(
                    {
                        "layer": number,
                        "name": layer.name,
                        "weight_gradient_cosine": vectors.cosine([w], [g]),
                        "weight_norm": vectors.norm([w]),
                        "gradient_norm": vectors.norm([g]),
                        "angle": angle(w, after_the_step),
                        "relative_update": float(
                            (after_the_step - w).norm() / w.norm()
                        ),
                        "gradient_curvature": rayleigh_quotient(g, hg),
                    }
                )
    return rows


def _vector(tensors) -> torch.Tensor:
    """All numbers of some tensors, in float64."""
    real = [vectors.real(tensor.detach()).double() for tensor in tensors]
    return real[0] if len(real) == 1 else torch.cat([each.flatten() for each in real])


def angle(a: torch.Tensor, b: torch.Tensor) -> float:
    """In degrees. Unlike the cosine's inverse, it resolves angles below 1e-8 (Kahan)."""
    a, b = a / a.norm(), b / b.norm()
    return math.degrees(2 * math.atan2((a - b).norm(), (a + b).norm()))
