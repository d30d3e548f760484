"""Optimisers: every class of ``torch.optim`` by its name, and one file for each other.

A file ``NAME.py`` defines a class ``Optimiser`` that derives from ``torch.optim.Optimizer``,
and ``NAME.yaml`` declares its settings. It is made as ``Optimiser(parameters, lr=lr,
**settings)``, and its ``step`` takes no closure. Its state between steps is in ``self.state`` or
``self.param_groups``, because checkpoints hold its ``state_dict()``.
"""

import importlib
import importlib.util

import torch

# torch.optim imports this when the first optimiser is made, which takes seconds. Named here,
# the fork server imports it once for all jobs.
import torch._dynamo  # noqa: F401


def build(name: str, parameters, lr: float, settings: dict) -> torch.optim.Optimizer:
    """Make an optimiser.

    Parameters
    ----------
    name : str
        A class of ``torch.optim``, or ``NAME`` of ``optimisers/NAME.py``.
    parameters : iterable of torch.nn.Parameter
    lr : float
        Learning rate.
    settings : dict
        Other arguments of the optimiser.

    Returns
    -------
    torch.optim.Optimizer

    Raises
    ------
    ValueError
        If the optimiser does not accept these parameters or settings.

    Examples
    --------
    >>> build("SGD", [torch.zeros(1)], 0.1, {"momentum": 0.5}).defaults["momentum"]
    0.5
    """
    if importlib.util.find_spec(f"{__name__}.{name}"):
        make = importlib.import_module(f"{__name__}.{name}").Optimiser
    else:
        make = getattr(torch.optim, name)
    try:
        return make(parameters, lr=lr, **settings)
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"optimiser: {name} refuses this network or these settings: {error}"
        ) from None
