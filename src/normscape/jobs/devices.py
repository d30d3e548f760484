"""Assigns a GPU to each job, because Snakemake counts GPUs but names none.

With ``--resources gpu=4`` four jobs that request a GPU run at a time. Each takes the device
with the fewest jobs. The system frees its lock file when the job ends, however it ends.
"""

import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import filelock

_FOLDER = Path(tempfile.gettempdir()) / f"normscape-devices-{os.getuid()}"
# Locks that this process holds until it ends.
_locks = []


def take(device: str, folder: Path = _FOLDER) -> None:
    """Restrict this process to one CUDA device, where several are visible.

    Call this before CUDA starts. device : as in --device; "cpu" and "mps" take nothing.
    """
    devices = _visible() if device in ("cuda", "auto") else []
    if len(devices) > 1:
        chosen = least_used(devices, folder)
        os.environ["CUDA_VISIBLE_DEVICES"] = chosen
        print(f"using CUDA device {chosen} (visible: {', '.join(devices)})", flush=True)


def _visible() -> list[str]:
    """The CUDA devices that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        names = map(str.strip, os.environ["CUDA_VISIBLE_DEVICES"].split(","))
        # CUDA ignores all names from the first unknown one on, which users write as -1.
        return list(itertools.takewhile(lambda name: name not in ("", "-1"), names))
    import torch

    # torch counts through NVML here, so CUDA reads the variable later.
    return [str(number) for number in range(torch.cuda.device_count())]


def least_used(devices: Sequence[str], folder: Path) -> str:
    """The first device with the fewest jobs of this user, which this process joins.

    folder : of the lock files, for all processes that share the devices.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    slots = ((slot, device) for slot in itertools.count() for device in devices)
    return next(device for slot, device in slots if _lock(folder / f"{device}.{slot}"))


def _lock(path):
    lock = filelock.FileLock(path)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    _locks.append(lock)
    return True
