"""Measure any ``torch.nn.Module`` where it stands in training; torch and numpy are enough.

``normscape.measures`` describes the arguments that the functions share.

>>> import torch
>>> from normscape import measure
>>> def loss(network, inputs, targets):
...     return torch.nn.functional.mse_loss(network(inputs), targets)
>>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
>>> batch = torch.ones(4, 2), torch.zeros(4, 1)
>>> optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
>>> after = measure.after_step(network, optimiser, loss, batch)
>>> [row["layer"] for row in measure.ics(network, loss, batch, after)]
[1, 2]
"""

from normscape.measures.activations import activations
from normscape.measures.curvature import curvature
from normscape.measures.evaluation import after_step
from normscape.measures.ics import ics
from normscape.measures.invariance import invariance
from normscape.measures.landscape import landscape

__all__ = [
    "activations",
    "after_step",
    "curvature",
    "ics",
    "invariance",
    "landscape",
]
