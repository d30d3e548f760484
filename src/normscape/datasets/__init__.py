"""Data sets, one file each, looked up by name.

A file ``NAME.py`` defines ``load(**settings)`` (with ``seed`` where ``NAME.yaml`` says
``drawn_by_seed``), which returns tensors by name:
``train_inputs`` and ``train_targets``, and for classification ``test_inputs`` and
``test_targets`` too. Images are (count, height, width, channels), so that a batch is
channels_last in memory: standardised float32, or uint8 with ``mean`` and ``deviation`` of
shape (channels,) that standardise a batch when it is taken. Labels are int64 from 0 up.
"""

import importlib


def load(name: str, settings: dict) -> dict:
    """The tensors of data set ``name``."""
    return importlib.import_module(f"normscape.datasets.{name}").load(**settings)
