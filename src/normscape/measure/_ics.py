"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

import copy

import torch
from torch import nn

from normscape import vectors
from normscape.measure._evaluation import loss_and_gradient, replayed, trainable
from normscape.measure._layers import Stages, find_stages


def ics(
    network: nn.Module,
    loss,
    batch,
    after: nn.Module,
    *,
    parameters: str = "weight",
    stages: Stages | None = None,
) -> list[dict]:
    """One row per layer i: ||G_i - G'_i||, their cosine, and ||G_i||.

    G_i is the gradient of the loss with respect to layer i; G'_i is the same on the same
    batch after the layers before i, and only they, have taken the next step. For the first
    layer G = G'.

    parameters : "weight", or "all" for the layer's weight, bias, and what else belongs to
        it, such as the normaliser's gamma and beta.
    """
    network = copy.deepcopy(network)
    _, before = loss_and_gradient(network, loss, batch)
    gradient_of = dict(zip(trainable(network), before, strict=True))
    moved = dict(zip(network.parameters(), after.parameters(), strict=True))
    inputs, *others = batch
    rows = []
    # In the copy the layers that are done take the step, one after the other. A stage whose
    # layers are done is passed once; the backward pass ends at the layer.
    for stage in stages(network) if stages else find_stages(network, loss, batch):
        for layer in stage.layers:
            chosen = (
                [layer.linear.weight] if parameters == "weight" else layer.parameters
            )
            new = old = [gradient_of[parameter] for parameter in chosen]
            if rows:
                _, new = loss_and_gradient(stage.rest, loss, (inputs, *others), chosen)
            rows.append(
                {
                    "layer": len(rows) + 1,
                    "l2_difference": vectors.distance(new, old),
                    "cosine": vectors.cosine(new, old),
                    "gradient_norm": vectors.norm(old),
                }
            )
            for parameter in layer.parameters:
                parameter.requires_grad_(False).copy_(moved[parameter])
        if stage.first is not None:
            with torch.no_grad(), replayed(stage.first):
                inputs = stage.first(inputs)
    return rows
