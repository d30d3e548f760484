"""Probes: measurements at a checkpoint, one file each, looked up by name.

A file ``NAME.py`` defines ``measure(run, **settings)``, where ``run`` is a ``Run`` at a checkpoint.
It returns the rows of each table that ``NAME.yaml`` declares, as mappings from the declared columns
to values. The settings are those of the probe, and those that it has per model.

A probe works on copies of the network: weights, running statistics and step stay unchanged.
"""

import importlib

import torch

from normscape.training import checkpoints, tensors, torch_setup
from normscape.training.run import Run


def measure(name: str, run, settings: dict) -> dict[str, list[dict]]:
    """Measure a run at a checkpoint by a probe; no other probe is imported.

    Parameters
    ----------
    name : str
        ``NAME`` of ``probes/NAME.py``.
    run : normscape.training.run.Run
        At a checkpoint, as ``open_run`` returns it.
    settings : dict
        Settings of the probe, with all defaults.

    Returns
    -------
    dict[str, list[dict]]
        The rows of each table of the probe, by the table's name.
    """
    module = importlib.import_module(f"normscape.probes.{name}")
    return module.measure(run, **settings)


def open_run(checkpoint, data, device: str, threads: int) -> Run:
    """Open a run at a checkpoint, in float64.

    In float32 the gradient change with BatchNorm would be wrong by up to a few percent.

    Parameters
    ----------
    checkpoint, data : str or Path
        A checkpoint of ``train.py``, and the data of ``prepare.py``.
    device : str
        "cpu", "cuda", "mps" or "auto". Apple's devices ("mps") have no float64; the CPU is used
        there.
    threads : int
        CPU threads.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If a file is damaged, or the device is not available.
    """
    device = torch_setup.set_up(threads, device)
    if device.type == "mps":
        device = torch.device("cpu")
    run = checkpoints.load(checkpoint, tensors.load(data)[0], device)
    return run.to(torch.float64)
