"""The loss without the penalty, and the network after the next training step."""

import torch

from normscape.measure._after_step import after_step
from normscape.training.run import Run


def without_penalty(network, inputs, targets) -> torch.Tensor:
    """The loss of a batch as the network defines it, without the L2 penalty.

    Parameters
    ----------
    network : normscape.models.network.Network
    inputs, targets : torch.Tensor

    Returns
    -------
    torch.Tensor
        A scalar.
    """
    return network.loss(network(inputs), targets)


def network_after_step(run: Run) -> torch.nn.Module:
    """A copy of the network after the next training step; the run is not changed.

    Parameters
    ----------
    run : Run

    Returns
    -------
    torch.nn.Module
    """
    return after_step(run.network, run.optimiser, run.loss, run.batch())


def renamed(rows: list[dict], **columns: str) -> list[dict]:
    """Rows with the tables' names of columns, and without names of modules.

    >>> renamed([{"layer": 1, "name": "0.linear", "change": 0.5}], change="l2")
    [{'layer': 1, 'l2': 0.5}]
    """
    return [
        {columns.get(key, key): row[key] for key in row if key != "name"}
        for row in rows
    ]
