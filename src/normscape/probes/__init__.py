"""Probes: what is measured around a checkpoint, one file each, looked up by name.

A file ``NAME.py`` defines ``measure(run, **settings)``: for each table that ``NAME.yaml``
declares, the rows as mappings from each declared column to its value. The settings are
those of the probe, and those that it has for the model.

``run`` is a ``Run`` that stands at a checkpoint. A probe works on copies of its network:
weights, running statistics and step stay as they were.
"""

import importlib

import torch

from normscape.training import checkpoints, tensors, torch_setup
from normscape.training.run import Run


def measure(name: str, run, settings: dict) -> dict[str, list[dict]]:
    """The rows of each table of probe ``name``; no other probe is imported."""
    module = importlib.import_module(f"normscape.probes.{name}")
    return module.measure(run, **settings)


def open_run(
    checkpoint, data, device: str, threads: int, precision: str = "float64"
) -> Run:
    """The run of a checkpoint file with the data of a data file, in this precision.

    Apple's devices have no float64, so there it is computed on the CPU.
    """
    device = torch_setup.set_up(threads, device)
    if device.type == "mps" and precision == "float64":
        device = torch.device("cpu")
    run = checkpoints.load(checkpoint, tensors.load(data)[0], device)
    return run.to(getattr(torch, precision))
