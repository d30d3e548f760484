"""Networks, one file each, looked up by name.

A file ``NAME.py`` defines ``build(data, settings, norm, seed) -> Network``, and ``NAME.yaml``
declares its settings. ``network.py`` has the classes of networks and layers.
"""

import importlib


def build(name: str, data: dict, settings: dict, norm, seed: int):
    """Build a network with its initial weights.

    Initial weights depend on name and seed alone. Networks that differ in their normaliser
    therefore start from the same weights.

    Parameters
    ----------
    name : str
        ``NAME`` of ``models/NAME.py``.
    data : dict[str, torch.Tensor]
        Tensors of the data set (``normscape.datasets``).
    settings : dict
        The config's ``models.MODEL.network``, with all defaults.
    norm : callable
        ``norm(features)`` makes the normaliser of a layer.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    normscape.models.network.Network
    """
    module = importlib.import_module(f"normscape.models.{name}")
    return module.build(data, settings, norm, seed)
