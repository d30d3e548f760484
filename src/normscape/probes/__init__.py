"""Probes: what is measured around a checkpoint, one file each, looked up by name.

A file ``NAME.py`` defines ``measure(run, **settings)``: for each table that ``NAME.yaml``
declares, the rows as mappings from each declared column to its value. The settings are
those of the probe, and those that it has for the model.

``run`` is a ``Run`` that stands at a checkpoint. A probe works on copies of its network:
weights, running statistics and step stay as they were.
"""

import importlib


def measure(name: str, run, settings: dict) -> dict[str, list[dict]]:
    """The rows of each table of probe ``name``; no other probe is imported."""
    module = importlib.import_module(f"normscape.probes.{name}")
    return module.measure(run, **settings)
