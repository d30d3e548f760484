"""Optimisers, one file each, looked up by name.

A file ``NAME.py`` defines a class ``Optimiser``, and ``NAME.yaml`` declares its settings,
its keyword-only arguments. With lists of tensors in the order of the parameters:

init(parameters) : the state before the first step: lists of tensors by name, which a
    checkpoint holds.
update(gradient, state) : (step, state after it). The run then subtracts the learning rate
    times the step. Neither argument is changed, so that probes can ask, too.
"""

import importlib


def build(name: str, settings: dict):
    """The optimiser ``name``; other optimisers are not imported.

    >>> build("sgd", {"momentum": 0}).init([])
    {}
    """
    module = importlib.import_module(f"normscape.optimisers.{name}")
    return module.Optimiser(**settings)
