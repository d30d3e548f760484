"""Networks, one file each, looked up by name.

A file ``NAME.py`` defines ``build(data, settings, norm, seed) -> Network``: ``data`` maps
names to tensors (``normscape.datasets``), ``settings`` is the config's
``models.MODEL.network`` as ``NAME.yaml`` declares it, and ``norm(features)`` makes the
normaliser of a layer. ``network.py`` has what a network is made of.
"""

import importlib


def build(name: str, data: dict, settings: dict, norm, seed: int):
    """The network ``name`` with the initial weights of ``seed``.

    Initial weights depend on (name, seed) alone, so that networks that differ in
    their normaliser start from the same ones.
    """
    module = importlib.import_module(f"normscape.models.{name}")
    return module.build(data, settings, norm, seed)
