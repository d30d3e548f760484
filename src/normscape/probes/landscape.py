"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

import copy

import torch

from normscape import vectors
from normscape.randomness import generator
from normscape.training.run import Run


def measure(
    run: Run,
    *,
    step_sizes: list[float],
    random_directions: int,
    relative_step_sizes: list[float],
) -> dict[str, list[dict]]:
    """A row for each direction and step size eta, at theta - eta * d.

    d is the gradient g of the step's own batch (direction "gradient"), or one of
    ``random_directions`` Gaussian directions, told apart by ``draw``: scaled to the norm of
    g ("random"), or each layer's weight to that weight's norm ("relative", where eta is one
    of ``relative_step_sizes``), so that networks whose weights have other scales move
    equally far. Loss and gradient at the new point are those of the same batch, in training
    mode, with the same noise. Columns:

    loss : at the new point.
    gradient_change : ||gradient there - g||.
    distance : ||eta * d||, how far the weights moved.
    cosine : between the gradient there and g.
    start_loss, gradient_norm : loss and ||g|| at the start.
    """
    start_loss, _, gradient = run.loss_and_gradient(copy.deepcopy(run.network))
    gradient_norm = vectors.norm(gradient)
    directions = [("gradient", 0, gradient, step_sizes)]
    for draw in range(random_directions):
        direction = random_direction(run, draw, gradient_norm)
        directions.append(("random", draw, direction, step_sizes))
    for draw in range(random_directions):
        direction = relative_direction(run, draw)
        directions.append(("relative", draw, direction, relative_step_sizes))
    rows = []
    for kind, draw, direction, sizes in directions:
        length = vectors.norm(direction)
        for step_size in sizes:
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
                    "distance": step_size * length,
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
    direction = _gaussian("direction", run, draw, run.parameters)
    scale = length / vectors.norm(direction)
    return [
        (d.double() * scale).to(p)
        for d, p in zip(direction, run.parameters, strict=True)
    ]


def relative_direction(run: Run, draw: int) -> list[torch.Tensor]:
    """A Gaussian direction in which each layer's weight has that weight's norm.

    Other parameters have none. Keyed as ``random_direction``; the same for all norms up to
    the lengths.
    """
    weights = run.network.weights
    draws = _gaussian("relative direction", run, draw, weights)
    of_weight = {
        id(weight): (
            d.double() * (vectors.norm([weight.detach()]) / vectors.norm([d]))
        ).to(weight)
        for weight, d in zip(weights, draws, strict=True)
    }
    return [of_weight.get(id(p), torch.zeros_like(p)) for p in run.parameters]


def _gaussian(name, run, draw, like) -> list[torch.Tensor]:
    spec = run.spec
    draws = generator(name, spec.architecture, spec.seed, run.step, draw)
    return [torch.randn(tensor.shape, generator=draws) for tensor in like]
