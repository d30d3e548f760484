"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from normscape import vectors
from normscape.measure import _check
from normscape.measure._evaluation import measuring
from normscape.measure._layers import Stages


def ics(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    parameters: str = "weight",
    layers: str | Sequence[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    stages: Stages | None = None,
) -> list[dict]:
    """Internal covariate shift of each layer (Definition 2.1, Figure 3).

    G_i is the gradient of the loss with respect to layer i; G'_i is the same on the same
    batch after the layers before i, and only they, have taken the next step. For the first
    layer G = G'.

    Parameters
    ----------
    network, loss, batch, after, layers, progress, stages
        See ``help(normscape.measure)``.
    parameters
        "weight", or "all" for the layer's weight, bias, and what else belongs to it, such
        as the normaliser's gamma and beta.

    Returns
    -------
    list of dict
        One row per layer, with the columns ``layer`` and ``name``, and:

        gradient_change : ||G_i - G'_i||, in the unit of loss / parameter. The pipeline's table
            calls it ``l2_difference``.
        cosine : between G_i and G'_i.
        gradient_norm : ||G_i||.

    Raises
    ------
    TypeError, ValueError
        One line that names the argument which can't be used.

    Examples
    --------
    >>> from normscape.measure import after_step
    >>> def square(network, inputs):
    ...     return network(inputs).square().sum() / 2
    >>> network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> for parameter in network.parameters():
    ...     _ = nn.init.ones_(parameter)
    >>> batch = (torch.ones(1, 1),)
    >>> after = after_step(network, torch.optim.SGD(network.parameters(), 0.5), square, batch)
    >>> for row in ics(network, square, batch, after):
    ...     print(row["name"], row["gradient_norm"], row["gradient_change"])
    0 1.0 0.0
    1 1.0 0.75
    """
    if parameters not in ("weight", "all"):
        raise ValueError(f"parameters: expected 'weight' or 'all', got {parameters!r}")
    with measuring(network, loss, batch, stages=stages, layers=layers) as at:
        moved = _check.after(at.network, getattr(after, "_orig_mod", after))
        count = sum(layer.chosen for layer in at.layers)
        _, before = at.loss_and_gradient()
        gradient_of = dict(zip(at.parameters, before, strict=True))
        batches = at.batches
        rows, number = [], 0
        # In the copy the layers that are done take the step, one after the other. A stage
        # whose layers are done is passed once; the backward pass ends at the layer.
        for stage in at.stages:
            for layer in stage.layers:
                number += 1
                if layer.chosen:
                    chosen = layer.parameters if parameters == "all" else layer.weights
                    chosen = _check.trained(layer, chosen)
                    new = old = [gradient_of[parameter] for parameter in chosen]
                    if number > 1:
                        _, new = at.loss_and_gradient(chosen, stage.rest, batches)
                    rows.append(
                        {
                            "layer": number,
                            "name": layer.name,
                            "gradient_change": vectors.distance(new, old),
                            "cosine": vectors.cosine(new, old),
                            "gradient_norm": vectors.norm(old),
                        }
                    )
                    if progress:
                        progress(len(rows), count)
                for parameter in layer.parameters:
                    parameter.requires_grad_(False).copy_(moved[parameter])
            if stage.first is not None:
                batches = [_passed(stage.first, at, *batch) for batch in batches]
    return rows


@torch.no_grad()
def _passed(module, at, inputs, *others):
    """The batch with the module's outputs in place of the inputs."""
    with at.replayed():
        return module(inputs), *others
