"""Measure any ``torch.nn.Module`` where it stands in training; needs torch, NumPy and SciPy.

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

The functions share these arguments:

network : in the mode, in the precision and on the device in which it is measured. All is
    computed on copies: weights, buffers, gradients and torch's generators stay as they are.
    Parameters that require gradients must take part in the loss.
loss : ``loss(network, *batch)``, a scalar.
batch : a tuple of inputs, targets, or whatever else the loss takes. Random numbers of the
    network, as in dropout, are the same in each evaluation.
after : a copy of the network after the step that training takes next, as ``after_step``
    returns it.
names : keys of the random numbers that a measurement draws, such as a seed and a step:
    other names give other numbers (``normscape.randomness``).
stages : ``stages(network)`` returns the network's ``Stage``s. Give it for a network whose
    layers are not seen from outside. By default layers are the ``nn.Linear`` and the
    convolutions that the loss calls (``find_stages``).

Layers are counted from 1.
"""

import importlib

_MODULES = {
    "activations": "_activations",
    "after_step": "_evaluation",
    "curvature": "_curvature",
    "fold_batch_norm": "_parametrisation",
    "ics": "_ics",
    "insert_batch_norm": "_parametrisation",
    "invariance": "_invariance",
    "landscape": "_landscape",
    "Layer": "_layers",
    "Stage": "_layers",
}

__all__ = list(_MODULES)


# Imported at first use (PEP 562): a probe then loads, and depends on, its measurement alone.
def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return [*globals(), *__all__]
