"""Scale invariance of weights (van Laarhoven 2017; Arora et al. 2018).

A loss that does not change with the scale of W has a gradient orthogonal to W, which
shrinks as 1 / ||W||; what a step does to it depends on lr / ||W||**2 alone.
"""

import copy
import math

import torch
from torch import nn

from normscape import vectors
from normscape.measure._evaluation import replayed
from normscape.measure._layers import Stages, layers
from normscape.measure._second_derivatives import (
    differentiable_attention,
    rayleigh_quotient,
)


def invariance(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    stages: Stages | None = None,
) -> list[dict]:
    """One row per layer: its weight W, and the step that training takes next.

    g and H are the gradient and the Hessian of the loss with respect to W alone. The loss is
    best without a weight penalty, which no network is invariant to. Columns:

    cosine : between W and g.
    weight_norm, gradient_norm : ||W||, ||g||.
    angle : between W before and after the step, in degrees.
    relative_update : ||W after - W before|| / ||W before||.
    gradient_curvature : g'Hg / ||g||**2, the smoothness of the loss along the layer's
        gradient. Times ||W||**2 it does not depend on the scale of an invariant W.
    """
    network = copy.deepcopy(network)
    weights = [layer.linear.weight for layer in layers(network, loss, batch, stages)]
    moved = dict(zip(network.parameters(), after.parameters(), strict=True))
    rows = []
    with replayed(network), differentiable_attention():
        value = loss(network, *batch)
        gradients = torch.autograd.grad(value, weights, create_graph=True)
        for weight, gradient in zip(weights, gradients, strict=True):
            g, w, after_the_step = (
                t.detach().double() for t in (gradient, weight, moved[weight])
            )
            (product,) = torch.autograd.grad(
                gradient, weight, gradient.detach(), retain_graph=True
            )
            rows.append(
                {
                    "layer": len(rows) + 1,
                    "cosine": vectors.cosine([w], [g]),
                    "weight_norm": vectors.norm([w]),
                    "gradient_norm": vectors.norm([g]),
                    "angle": angle(w, after_the_step),
                    "relative_update": float((after_the_step - w).norm() / w.norm()),
                    "gradient_curvature": rayleigh_quotient(g, product),
                }
            )
    return rows


def angle(a: torch.Tensor, b: torch.Tensor) -> float:
    """In degrees. Unlike the cosine's inverse, it resolves angles below 1e-8 (Kahan)."""
    a, b = a / a.norm(), b / b.norm()
    return math.degrees(2 * math.atan2((a - b).norm(), (a + b).norm()))
