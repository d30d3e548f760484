"""Networks, one file each, looked up by name.

A file ``NAME.py`` defines ``build(data, settings, norm, seed) -> Network``:
``data`` maps names to tensors (``normscape.datasets``), ``settings`` is the config's
``models.NAME.network``, and ``norm(features, layer)`` makes the normaliser of a layer.
"""

import importlib


def build(name: str, data: dict, settings: dict, norm, seed: int):
    """The network ``name`` with the initial weights of ``seed``.

    Initial weights depend on (name, seed) alone, so that networks that differ in
    their normaliser start from the same ones.
    """
    module = importlib.import_module(f"normscape.models.{name}")
    return module.build(data, settings, norm, seed)
