"""Similarity of samples in the last hidden layer (Lubana et al. 2021, "Beyond BatchNorm").

Where all samples have nearly the same representation, a network can hardly tell classes apart.
Without normalisation this happens in deep networks (Daneshmand et al. 2020).
"""

import copy
import math

import torch

from normscape.training.run import Run


def measure(run: Run) -> dict[str, list[dict]]:
    """Measure the mean cosine between the representations of two samples of the step's batch.

    The representation of a sample is the output of all layers but the last, in training mode.

    Parameters
    ----------
    run : Run
        At a checkpoint.

    Returns
    -------
    dict[str, list[dict]]
        ``similarity``: one row; NaN if a representation is zero or overflowed, and for networks
        that do not classify.
    """
    value = math.nan
    if run.network.classifies:
        hidden_layers = copy.deepcopy(run.network[:-1])
        inputs, _ = run.batch()
        with torch.no_grad():
            value = mean_cosine(hidden_layers(inputs).flatten(1))
    return {"similarity": [{"similarity": value}]}


def mean_cosine(samples: torch.Tensor) -> float:
    """Mean cosine between two different rows of a matrix.

    >>> mean_cosine(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]))
    0.3333333333333333
    """
    units = samples.double()
    units = units / units.norm(dim=1, keepdim=True)
    count = len(units)
    # The squared norm of the sum is the sum of all cosines, including those of equal rows.
    return float((units.sum(0).square().sum() - count) / (count * (count - 1)))
