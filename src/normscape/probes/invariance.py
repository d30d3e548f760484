"""Scale invariance of weights (van Laarhoven 2017; Arora et al. 2018).

A loss that does not change with the scale of W has a gradient orthogonal to W, which
shrinks as 1 / ||W||; what a step does to it depends on lr / ||W||**2 alone.
"""

import copy
import math

import torch

from normscape import vectors
from normscape.second_derivatives import rayleigh_quotient, twice_differentiable
from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """A row for each layer, of its weight W and of the step that training takes next.

    g and H are the gradient and the Hessian with respect to W alone of the loss on the
    step's own batch, in training mode, with its noise, but without the weight penalty,
    which no network is invariant to. The step is the optimiser's, penalty and all. Columns:

    cosine : between W and g.
    weight_norm, gradient_norm : ||W||, ||g||.
    angle : between W before and after the step, in degrees.
    relative_update : ||W after - W before|| / ||W before||.
    gradient_curvature : g'Hg / ||g||**2, the smoothness of the loss along the layer's
        gradient. Times ||W||**2 it does not depend on the scale of an invariant W.
    """
    network = twice_differentiable(run.network)
    inputs, targets = run.batch()
    loss = network.loss(network(inputs), targets)
    gradients = torch.autograd.grad(loss, network.weights, create_graph=True)
    after = _after_the_step(run).weights
    rows = []
    layers = zip(network.weights, gradients, after, strict=True)
    for number, (weight, gradient, moved) in enumerate(layers, start=1):
        g, w, moved = (t.detach().double() for t in (gradient, weight, moved))
        (product,) = torch.autograd.grad(
            gradient, weight, gradient.detach(), retain_graph=True
        )
        rows.append(
            {
                "layer": number,
                "cosine": vectors.cosine([w], [g]),
                "weight_norm": vectors.norm([w]),
                "gradient_norm": vectors.norm([g]),
                "angle": _angle(w, moved),
                "relative_update": float((moved - w).norm() / w.norm()),
                "gradient_curvature": rayleigh_quotient(g, product),
            }
        )
    return {"invariance": rows}


def _after_the_step(run):
    """The network after the step that training takes next; the run stays where it is."""
    moved = copy.deepcopy(run.network)
    _, _, gradient = run.loss_and_gradient(moved)
    run.move(moved, run.step_for(gradient))
    return moved


def _angle(a: torch.Tensor, b: torch.Tensor) -> float:
    """In degrees. Unlike the cosine's inverse, it resolves angles below 1e-8 (Kahan)."""
    a, b = a / a.norm(), b / b.norm()
    return math.degrees(2 * math.atan2((a - b).norm(), (a + b).norm()))
