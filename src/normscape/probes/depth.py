"""Gradients over depth (Yang et al. 2019, "A Mean Field Theory of Batch Normalization")."""

import copy

import torch

from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """Rows with ||dL/dh|| of each layer, and one with the slope of its logarithm over depth.

    As in the paper, h is what a layer's linear map puts out and its normaliser takes in. L
    is the loss of the step's own batch, in training mode, with its noise. The norm is over
    all elements of h: over the batch, features and positions, so that layers with fewer or
    smaller maps, as in a VGG, count as what they send back in total.

    slope : of log ||dL/dh||**2 over the layer's number, by least squares, over all layers
        but the last, whose h is the output. Negative where gradients grow on their way back
        to the input: exp(-slope) is their squares' growth in a layer. NaN where it is not
        determined: with fewer than two hidden layers, or in a run that diverged.
    """
    network = copy.deepcopy(run.network)
    passed = []

    def keep(module, arguments, output):
        passed.append(output)
        return output.clone()  # what follows may work in place

    for layer in network.layers:
        layer.linear.register_forward_hook(keep)
    inputs, targets = run.batch()
    loss = network.loss(network(inputs), targets)
    gradients = torch.autograd.grad(loss, passed)
    norms = torch.stack([gradient.double().norm() for gradient in gradients])
    rows = [
        {"layer": number, "gradient_norm": norm}
        for number, norm in enumerate(norms.tolist(), start=1)
    ]
    return {"depth": rows, "depth_slope": [{"slope": slope(2 * norms[:-1].log())}]}


def slope(values: torch.Tensor) -> float:
    """Of the least-squares line through values at 1, 2, ...; NaN for fewer than two.

    >>> slope(torch.tensor([1.0, 3.0, 5.0]))
    2.0
    """
    places = torch.arange(len(values), dtype=torch.float64)
    places -= places.mean()
    return float(places @ values.double().cpu() / places.square().sum())
