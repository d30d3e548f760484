"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from normscape import vectors
from normscape.measure._evaluation import loss_and_gradient, trainable
from normscape.measure._layers import Stages, layers
from normscape.randomness import generator


def landscape(
    network: nn.Module,
    loss,
    batch,
    *,
    step_sizes: Sequence[float],
    random_directions: int = 0,
    relative_step_sizes: Sequence[float] = (),
    names: Sequence = (),
    stages: Stages | None = None,
) -> list[dict]:
    """One row per direction and step size eta, at theta - eta * d.

    d is the gradient g (direction "gradient"), or one of ``random_directions`` Gaussian
    directions, numbered by ``draw``: scaled to the norm of g ("random"), or each layer's
    weight to that weight's norm ("relative", where eta is one of ``relative_step_sizes``),
    so that networks whose weights have other scales move equally far. Columns:

    loss : at the new point, of the same batch.
    gradient_change : ||gradient at the new point - g||.
    distance : ||eta * d||, how far the weights moved.
    cosine : between the gradient at the new point and g.
    start_loss, gradient_norm : loss and ||g|| at the start.

    Directions follow from ``names`` and the parameters' shapes: they are the same for
    networks that differ in their weights alone.

    >>> def square(network, inputs):
    ...     return network(inputs).square().sum() / 2
    >>> network = nn.Linear(1, 1, bias=False)
    >>> row, = landscape(network, square, [torch.ones(1, 1)], step_sizes=[0.5])
    >>> round(row["loss"] / row["start_loss"], 4), row["cosine"]
    (0.25, 1.0)
    """
    # One copy goes to each point and back: to copy a network takes longer than to evaluate a
    # small one.
    network = copy.deepcopy(network)
    parameters = trainable(network)
    start = [parameter.detach().clone() for parameter in parameters]
    start_loss, gradient = loss_and_gradient(network, loss, batch)
    gradient_norm = vectors.norm(gradient)
    directions = [("gradient", 0, gradient, step_sizes)]
    for draw in range(random_directions):
        direction = random_direction(parameters, gradient_norm, *names, draw)
        directions.append(("random", draw, direction, step_sizes))
    if random_directions:
        weights = [
            layer.linear.weight for layer in layers(network, loss, batch, stages)
        ]
    for draw in range(random_directions):
        direction = relative_direction(parameters, weights, *names, draw)
        directions.append(("relative", draw, direction, relative_step_sizes))
    rows = []
    for kind, draw, direction, sizes in directions:
        length = vectors.norm(direction)
        for step_size in sizes:
            with torch.no_grad():
                torch._foreach_add_(parameters, list(direction), alpha=-step_size)
            moved_loss, moved_gradient = loss_and_gradient(network, loss, batch)
            with torch.no_grad():
                torch._foreach_copy_(parameters, start)
            rows.append(
                {
                    "direction": kind,
                    "draw": draw,
                    "step_size": step_size,
                    "loss": float(moved_loss),
                    "gradient_change": vectors.distance(moved_gradient, gradient),
                    "distance": step_size * length,
                    "cosine": vectors.cosine(moved_gradient, gradient),
                    "start_loss": float(start_loss),
                    "gradient_norm": gradient_norm,
                }
            )
    return rows


def random_direction(parameters, length: float, *names) -> list[torch.Tensor]:
    """A Gaussian direction over all parameters, of Euclidean norm ``length``."""
    direction = _gaussian(parameters, "direction", *names)
    scale = length / vectors.norm(direction)
    return [
        (d.double() * scale).to(p) for d, p in zip(direction, parameters, strict=True)
    ]


def relative_direction(parameters, weights, *names) -> list[torch.Tensor]:
    """A Gaussian direction in which each of the weights has that weight's norm.

    Other parameters have none.
    """
    draws = _gaussian(weights, "relative direction", *names)
    scaled = {
        id(weight): (
            d.double() * (vectors.norm([weight.detach()]) / vectors.norm([d]))
        ).to(weight)
        for weight, d in zip(weights, draws, strict=True)
    }
    return [scaled.get(id(p), torch.zeros_like(p)) for p in parameters]


def _gaussian(like, *names) -> list[torch.Tensor]:
    draws = generator(*names)
    return [torch.randn(tensor.shape, generator=draws) for tensor in like]
