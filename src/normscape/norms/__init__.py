"""Normalisers, one file each, looked up by name.

A file ``NAME.py`` in this folder defines a class ``Norm``; ``NAME`` in the config
then puts it behind every hidden layer of a network. Names that begin with an
underscore are shared parts, not normalisers.

``Norm(features, noise, **settings)`` is a ``torch.nn.Module``:

features : number of units (of channels after a convolution).
noise : ``noise(device)`` gives the layer's ``torch.Generator`` for the current step,
    for normalisers that draw random numbers.
settings : keyword-only; the config's ``norm_settings.NAME`` sets them. ``NAME.yaml``
    may declare them, with a label and a colour for figures, and then holds their
    defaults; else the class does.

It maps activations of shape (batch, features, *positions) to the same shape; positions,
such as height and width, count as batch. Statistics come from the batch in training
mode, and from what training has recorded in evaluation mode.

A normaliser that must tell samples from positions says ``per_sample = True``. Networks may
lay out activations as suits them (the deep linear one puts samples where positions are);
to such a normaliser they give samples as the batch. Transformers give it each token as a
sample, unless it also says ``over_positions = True``: that its statistics are of one feature
over positions.

A normaliser of weights passes activations on (it can derive from ``none``) and defines two
methods. The weight that they get is the layer's, of shape (features, ...): the parameter
that is trained, drawn, decayed, moved along directions and swapped by probes.

effective_weight(weight) : what the layer multiplies with instead.
initialise(weight, nonlinearity) : called once, when the weight has been drawn. The second
    is the non-linearity before the layer, "linear" or "relu".

A normaliser may state its backward pass in closed form, for speed in the deep linear
network: see ``pullbacks.py``.
"""

import importlib


def load(name: str) -> type:
    """The class ``Norm`` of ``norms/NAME.py``; no other normaliser is imported.

    >>> load("batch").__module__
    'normscape.norms.batch'
    """
    return importlib.import_module(f"normscape.norms.{name}").Norm
