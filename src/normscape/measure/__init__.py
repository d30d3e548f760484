"""Measure any ``torch.nn.Module`` where it stands in training; needs torch, NumPy and SciPy.

>>> import torch
>>> from normscape import measure
>>> def loss(network, inputs, targets):
...     return torch.nn.functional.mse_loss(network(inputs), targets)
>>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
>>> batch = torch.ones(4, 2), torch.zeros(4, 1)
>>> optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
>>> after = measure.after_step(network, optimiser, loss, batch)
>>> [row["name"] for row in measure.ics(network, loss, batch, after)]
['0', '1']

Sections, definitions, observations and figures are those of Santurkar et al. 2018
(https://arxiv.org/abs/1805.11604). The functions share these arguments:

network : in the mode, in the precision and on the device in which it is measured; normally in
    training mode, because BatchNorm otherwise uses running statistics. All is computed on
    copies: parameters, buffers, gradients, hooks and random generators (torch's, NumPy's,
    Python's) stay as they are, also of other networks that the loss calls. Parameters that
    the loss does not depend on have the gradient 0; a warning names them. Another warning
    says that the loss is computed in less than float32, as under ``torch.autocast``.
loss : ``loss(network, *batch)``, a scalar tensor. It must call the network that it is given,
    and have the same value in two evaluations at one state.
batch : a tuple of inputs, targets, or whatever else the loss takes, normally of the next step;
    or a list of such tuples, where the loss is the mean of theirs. Random numbers, as in
    dropout, are the same in each evaluation.
after : a copy of the network after the step that training takes next, as ``after_step``
    returns it.
layers : the layers that get rows, by default all: names, or patterns such as "layer4.*". By
    default layers are the trained ``nn.Linear`` and convolutions that the loss calls; a name
    makes any module with parameters of its own a layer. Parameters between two layers belong to the
    earlier one. Modules that share a weight are one layer, at the first call.
seed : of the random numbers that a measurement draws, a number or a tuple, such as
    ``(seed, step)``.
progress : called as ``progress(done, total)``.
stages : ``stages(network)`` returns the network's ``Stage``s, for a network whose stages can
    be evaluated one after the other.

Layers are counted from 1, and named as in ``network.named_modules()``.
"""

import importlib

_MODULES = {
    "activations": "_activations",
    "after_step": "_after_step",
    "curvature": "_curvature",
    "flat": "_rows",
    "fold_batch_norm": "_parametrisation",
    "ics": "_ics",
    "insert_batch_norm": "_parametrisation",
    "invariance": "_invariance",
    "landscape": "_landscape",
    "Layer": "_layers",
    "layers": "_list_layers",
    "ranges": "_rows",
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
