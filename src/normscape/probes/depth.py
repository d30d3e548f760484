"""Gradients over depth (Yang et al. 2019, "A Mean Field Theory of Batch Normalization")."""

import copy

import torch

from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """Measure ||dL/dh|| of each layer, and the slope of its logarithm over depth.

    As in the paper, h is the output of a layer's linear map, before the normaliser. L is the loss of
    the step's own batch in training mode. The norm is over the batch, features and positions.

    The slope is that of log ||dL/dh||**2 over the layer's number, by least squares, over all layers
    except the last, whose h is the output. It is negative if gradients grow towards the input:
    exp(-slope) is the growth of their squares per layer. It is NaN with fewer than two hidden layers,
    or in a run that diverged.

    Parameters
    ----------
    run : Run
        At a checkpoint.

    Returns
    -------
    dict[str, list[dict]]
        ``depth``: one row per layer. ``depth_slope``: one row.
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
    """Slope of the least-squares line through values at 1, 2, ...; NaN for fewer than two.

    >>> slope(torch.tensor([1.0, 3.0, 5.0]))
    2.0
    """
    places = torch.arange(len(values), dtype=torch.float64)
    places -= places.mean()
    return float(places @ values.double().cpu() / places.square().sum())
