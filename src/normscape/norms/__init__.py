"""Normalisers, one file each, looked up by name.

A file ``NAME.py`` in this folder defines a class ``Norm``, which derives from
``Normaliser``; ``NAME.yaml`` declares its settings. ``NAME`` in the config then puts it
after every hidden layer of a network. Names that begin with an underscore are shared
modules, not normalisers.

A normaliser is made as ``Norm(features, **settings)``. ``features`` is the number of units, or of
channels after a convolution. ``settings`` are keyword-only; the config's ``norm_settings.NAME``
sets them.

In training mode statistics come from the batch, in evaluation mode from running averages.
Positions, such as height and width, count as batch.
"""

import importlib

from normscape.norms._normaliser import (
    Normaliser,
    RandomNormaliser,
    random_normalisers,
)

__all__ = ["Normaliser", "RandomNormaliser", "load", "random_normalisers"]


def load(name: str) -> type[Normaliser]:
    """Import a normaliser, and no other one.

    Parameters
    ----------
    name : str
        ``NAME`` of ``norms/NAME.py``.

    Returns
    -------
    type[Normaliser]
        The class ``Norm`` of that file.

    Raises
    ------
    ValueError
        If the class does not derive from ``Normaliser``.

    Examples
    --------
    >>> load("batch").__module__
    'normscape.norms.batch'
    """
    norm = importlib.import_module(f"normscape.norms.{name}").Norm
    if not issubclass(norm, Normaliser):
        raise ValueError(
            f"norms/{name}.py: expected class Norm(Normaliser), got another base class; "
            "derive it from normscape.norms.Normaliser"
        )
    return norm
