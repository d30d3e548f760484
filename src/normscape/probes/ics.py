"""Internal covariate shift as a change of gradients (Definition 2.1, Figure 3)."""

import copy

import torch

from normscape import vectors
from normscape.run import Run


def measure(run: Run, parameters: str = "weight") -> list[list]:
    """A row for each layer i: ||G_i - G'_i||, their cosine, and ||G_i||.

    G_i is the gradient of the step's loss with respect to layer i; G'_i is the same on
    the same batch after the layers before i, and only they, have taken the update that
    the optimizer makes next. For the first layer G = G'.

    parameters : "weight", or "all" for the layer's weight, bias, gamma and beta.
    """
    before = copy.deepcopy(run.network)
    _, _, gradient = run.loss_and_gradient(before)
    after = copy.deepcopy(run.network)
    run.move(after, run.velocity_after(gradient))

    of_parameter = dict(zip(before.parameters(), gradient, strict=True))
    inputs, targets = run.batch()
    rows = []
    for number, layer in enumerate(before, start=1):
        chosen = [layer.linear.weight]
        if parameters == "all":
            chosen = list(layer.parameters())
        old = [of_parameter[parameter] for parameter in chosen]
        # The backward pass ends at this layer: its inputs need no gradient.
        new = (
            old
            if number == 1
            else _gradient(run, before[number - 1 :], chosen, inputs, targets)
        )
        rows.append(
            [
                *run.spec.cell,
                run.step,
                number,
                vectors.distance(new, old),
                vectors.cosine(new, old),
                vectors.norm(old),
            ]
        )
        with torch.no_grad():
            inputs = after[number - 1](inputs)
    return rows


def _gradient(run, layers, parameters, inputs, targets):
    """Gradient of the loss for the inputs of ``layers``, the rest of a network."""
    loss = run.network.loss(layers(inputs), targets) + run.penalty(layers)
    return torch.autograd.grad(loss, parameters)
