"""Normalisers, one file each, looked up by name.

A file ``NAME.py`` in this folder defines a class ``Norm``, which derives from
``Normaliser``; ``NAME.yaml`` declares its settings. ``NAME`` in the config then puts it
behind every hidden layer of a network. Names that begin with an underscore are shared
modules, not normalisers.

``Norm(features, **settings)``: ``features`` is the number of units (of channels after a
convolution); ``settings`` are keyword-only, and the config's ``norm_settings.NAME`` sets
them.

Statistics come from the batch in training mode, and from what training has recorded in
evaluation mode. Positions, such as height and width, count as batch.
"""

import importlib

from normscape.norms._normaliser import (
    Normaliser,
    RandomNormaliser,
    random_normalisers,
)

__all__ = ["Normaliser", "RandomNormaliser", "load", "random_normalisers"]


def load(name: str) -> type[Normaliser]:
    """The class ``Norm`` of ``norms/NAME.py``; no other normaliser is imported.

    A ValueError says that it does not derive from ``Normaliser``.

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
