"""The optimisation landscape along a direction (Section 3.2, Figures 4 and 10 to 13)."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from normscape import vectors
from normscape.measure import _check
from normscape.measure._evaluation import key, measuring
from normscape.measure._layers import Stages
from normscape.randomness import generator


def landscape(
    network: nn.Module,
    loss,
    batch,
    *,
    step_sizes: Sequence[float],
    direction: nn.Module | Sequence[torch.Tensor] | None = None,
    random_directions: int = 0,
    relative_step_sizes: Sequence[float] = (),
    seed: object = 0,
    progress: Callable[[int, int], object] | None = None,
    stages: Stages | None = None,
) -> list[dict]:
    """Loss and gradient along directions from the network (Section 3.2, Figure 4).

    Parameters
    ----------
    network, loss, batch, seed, progress, stages
        See ``help(normscape.measure)``.
    step_sizes
        Step sizes eta. The paper's are around the learning rate, from half of it to four
        times as much.
    direction
        The direction d, in place of the gradient g: one tensor per parameter that requires
        gradients, in their order; or a network, such as ``after``, to which eta = 1 leads.
        Rows then have the direction "given", as in ``ranges(rows, "given")``.
    random_directions
        How many Gaussian directions of each of two kinds are added: of the norm of d
        ("random"), and with the norm of each layer's weight in that weight ("relative"), so
        that networks whose weights have other scales move equally far.
    relative_step_sizes
        Those of the second kind.

    Returns
    -------
    list of dict
        One row per direction and step size, at theta - eta * d, with the columns:

        direction : "gradient", "given", "random" or "relative".
        draw : number of the random direction, from 0.
        step_size : eta.
        loss : at the new point, on the same batch.
        gradient_change : ||gradient at the new point - g||, over all parameters, in the unit
            of loss / parameter.
        distance : ||eta * d||, how far the parameters moved, in the unit of parameters.
        cosine : between the gradient at the new point and g.
        start_loss, gradient_norm : loss and ||g|| at the start.

        ``normscape.measure.ranges`` gives the paper's quantities. Random directions depend
        on the seed and the shapes of the parameters alone.

    Raises
    ------
    TypeError, ValueError
        One line that names the argument which can't be used.

    Examples
    --------
    >>> def square(network, inputs):
    ...     return network(inputs).square().sum() / 2
    >>> network = nn.Linear(1, 1, bias=False)
    >>> row, = landscape(network, square, (torch.ones(1, 1),), step_sizes=[0.5])
    >>> round(row["loss"] / row["start_loss"], 4), row["cosine"]
    (0.25, 1.0)
    """
    step_sizes = _check.numbers("step_sizes", step_sizes)
    relative_step_sizes = _check.numbers("relative_step_sizes", relative_step_sizes)
    with measuring(network, loss, batch, stages=stages) as at:
        start_loss, gradient = at.loss_and_gradient()
        gradient_norm = vectors.norm(gradient)
        points = _points(
            at,
            gradient if direction is None else _given(at, direction),
            "gradient" if direction is None else "given",
            step_sizes,
            random_directions,
            relative_step_sizes,
            key(seed),
        )
        total = (1 + random_directions) * len(step_sizes)
        total += random_directions * len(relative_step_sizes)
        rows = []
        for kind, draw, d, length, step_size in points:
            with at.moved(d, -step_size):
                moved_loss, moved_gradient = at.loss_and_gradient()
            rows.append(
                {
                    "direction": kind,
                    "draw": draw,
                    "step_size": step_size,
                    "loss": float(moved_loss),
                    "gradient_change": vectors.distance(moved_gradient, gradient),
                    "distance": abs(step_size) * length,
                    "cosine": vectors.cosine(moved_gradient, gradient),
                    "start_loss": float(start_loss),
                    "gradient_norm": gradient_norm,
                }
            )
            del moved_gradient
            if progress:
                progress(len(rows), total)
    return rows


def _points(at, first, kind, step_sizes, random_directions, relative_step_sizes, names):
    """Kind, draw, direction, its length, and step size, one direction at a time."""
    first_length = length = vectors.norm(first)
    for step_size in step_sizes:
        yield kind, 0, first, length, step_size
    for draw in range(random_directions):
        d = random_direction(at.parameters, first_length, *names, draw)
        length = vectors.norm(d)
        for step_size in step_sizes:
            yield "random", draw, d, length, step_size
    for draw in range(random_directions if relative_step_sizes else 0):
        weights = [weight for layer in at.layers for weight in layer.weights]
        d = relative_direction(at.parameters, weights, *names, draw)
        length = vectors.norm(d)
        for step_size in relative_step_sizes:
            yield "relative", draw, d, length, step_size


def _given(at, direction) -> list[torch.Tensor]:
    """The direction as one tensor per parameter."""
    if isinstance(direction, nn.Module):
        moved = _check.after(at.network, getattr(direction, "_orig_mod", direction))
        return [p.detach() - moved[p].detach().to(p) for p in at.parameters]
    direction = list(direction)
    shapes = [tuple(getattr(d, "shape", ())) for d in direction]
    expected = [tuple(p.shape) for p in at.parameters]
    if shapes != expected:
        raise ValueError(
            f"direction: expected {len(expected)} tensors of the shapes of the trained "
            f"parameters, got {len(shapes)} of other shapes"
        )
    return [d.detach().to(p) for d, p in zip(direction, at.parameters, strict=True)]


def random_direction(parameters, length: float, *names) -> list[torch.Tensor]:
    """A Gaussian direction over all parameters, of Euclidean norm ``length``."""
    direction = _gaussian(parameters, "direction", *names)
    scale = length / vectors.norm(direction)
    return [_scaled(d, scale, p) for d, p in zip(direction, parameters, strict=True)]


def relative_direction(parameters, weights, *names) -> list[torch.Tensor]:
    """A Gaussian direction in which each of the weights has that weight's norm.

    Other parameters have none.
    """
    draws = _gaussian(weights, "relative direction", *names)
    scaled = {
        id(weight): _scaled(
            d, vectors.norm([weight.detach()]) / vectors.norm([d]), weight
        )
        for weight, d in zip(weights, draws, strict=True)
    }
    return [scaled.get(id(p), torch.zeros_like(p)) for p in parameters]


def _scaled(tensor, scale, like):
    """The tensor times a number, in float64, as a tensor like another one."""
    double = torch.complex128 if tensor.is_complex() else torch.float64
    return (tensor.to(double) * scale).to(like)


def _gaussian(like, *names) -> list[torch.Tensor]:
    draws = generator(*names)
    drawn = [
        torch.randn(vectors.real(tensor).shape, generator=draws) for tensor in like
    ]
    return [
        torch.view_as_complex(d) if tensor.is_complex() else d
        for d, tensor in zip(drawn, like, strict=True)
    ]
