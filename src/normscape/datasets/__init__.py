"""Data sets, one file each, looked up by name.

A file ``NAME.py`` defines ``load(**settings)``, which returns tensors by name:
``train_inputs`` and ``train_targets``, and for classification ``test_inputs`` and
``test_targets`` too. Images are float32 (count, channels, height, width) and
standardised; labels are int64 from 0 up.
"""

import importlib


def load(name: str, settings: dict) -> dict:
    """The tensors of data set ``name``."""
    return importlib.import_module(f"normscape.datasets.{name}").load(**settings)
