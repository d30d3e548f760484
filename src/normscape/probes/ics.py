"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

import copy

import torch

from normscape import vectors
from normscape.training.run import Run


def measure(run: Run, *, parameters: str) -> dict[str, list[dict]]:
    """A row for each layer i: ||G_i - G'_i||, their cosine, and ||G_i||.

    G_i is the gradient of the step's loss with respect to layer i; G'_i is the same on
    the same batch after the layers before i, and only they, have taken the update that
    the optimiser makes next. For the first layer G = G'.

    parameters : "weight", or "all" for the layer's weight, bias, gamma and beta.
    """
    before = copy.deepcopy(run.network)
    _, _, gradient = run.loss_and_gradient(before)
    after = copy.deepcopy(run.network)
    run.move(after, run.step_for(gradient))

    of_parameter = dict(zip(before.parameters(), gradient, strict=True))
    inputs, targets = run.batch()
    rows = []
    for position, stage in enumerate(before):
        # Stages that are done are passed once, as they are after the step; within the
        # stage, layers that are done are swapped for theirs. The backward pass ends at
        # the layer: the stage's inputs need no gradient.
        rest, moved = before[position:], {}
        for layer in stage.layers:
            chosen = [layer.linear.weight]
            if parameters == "all":
                chosen = list(layer.parameters())
            old = [of_parameter[parameter] for parameter in chosen]
            new = _gradient(run, rest, moved, inputs, targets, chosen) if rows else old
            rows.append(
                {
                    "layer": len(rows) + 1,
                    "l2_difference": vectors.distance(new, old),
                    "cosine": vectors.cosine(new, old),
                    "gradient_norm": vectors.norm(old),
                }
            )
            if layer is not stage.layers[-1]:
                moved |= _moved(layer, rest, after[position:])
        with torch.no_grad():
            inputs = after[position](inputs)
    return {"ics": rows}


def _gradient(run, network, moved, inputs, targets, parameters):
    """Gradient of the loss for the inputs of a network, with some parameters swapped."""
    outputs = (
        torch.func.functional_call(network, moved, (inputs,))
        if moved
        else network(inputs)
    )
    loss = run.network.loss(outputs, targets) + run.penalty(network)
    return torch.autograd.grad(loss, parameters)


def _moved(layer, before, after):
    """A layer's parameters after the step, by their name in the network."""
    own = set(map(id, layer.parameters()))
    there = dict(after.named_parameters())
    return {
        name: there[name].detach()
        for name, parameter in before.named_parameters()
        if id(parameter) in own
    }
