"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

import copy

import torch

from normscape import vectors
from normscape.randomness import generator
from normscape.training.run import Run


def measure(
    run: Run, *, step_sizes: list[float], random_directions: int
) -> dict[str, list[dict]]:
    """A row for each direction and step size eta, at theta - eta * d.

    d is the gradient g of the step's own batch (direction "gradient"), or one of
    ``random_directions`` Gaussian directions scaled to the norm of g ("random", told
    apart by ``draw``). Loss and gradient at the new point are those of the same batch,
    in training mode, with the same noise. Columns:

    loss : at the new point.
    gradient_change : ||gradient there - g||.
    distance : ||eta * d||, how far the weights moved.
    cosine : between the gradient there and g.
    start_loss, gradient_norm : loss and ||g|| at the start.
    """
    start_loss, _, gradient = run.loss_and_gradient(copy.deepcopy(run.network))
    gradient_norm = vectors.norm(gradient)
    directions = [("gradient", 0, gradient)]
    for draw in range(random_directions):
        direction = random_direction(run, draw, gradient_norm)
        directions.append(("random", draw, direction))
    rows = []
    for kind, draw, direction in directions:
        for step_size in step_sizes:
            moved = copy.deepcopy(run.network)
            with torch.no_grad():
                torch._foreach_add_(
                    list(moved.parameters()), list(direction), alpha=-step_size
                )
            loss, _, there = run.loss_and_gradient(moved)
            rows.append(
                {
                    "direction": kind,
                    "draw": draw,
                    "step_size": step_size,
                    "loss": float(loss),
                    "gradient_change": vectors.distance(there, gradient),
                    "distance": step_size * gradient_norm,
                    "cosine": vectors.cosine(there, gradient),
                    "start_loss": float(start_loss),
                    "gradient_norm": gradient_norm,
                }
            )
    return {"landscape": rows}


def random_direction(run: Run, draw: int, length: float) -> list[torch.Tensor]:
    """A Gaussian direction over all parameters, of Euclidean norm ``length``.

    Keyed by (architecture, seed, step, draw), so that it is the same for norms whose
    parameters have the same shapes.
    """
    spec = run.spec
    draws = generator("direction", spec.architecture, spec.seed, run.step, draw)
    direction = [torch.randn(p.shape, generator=draws) for p in run.parameters]
    scale = length / vectors.norm(direction)
    pairs = zip(direction, run.parameters, strict=True)
    return [(d.double() * scale).to(p) for d, p in pairs]
