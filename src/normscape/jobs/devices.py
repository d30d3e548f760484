"""A GPU for each job on a machine with several: Snakemake counts them, and names none.

With ``--resources gpu=4`` four jobs that ask for a GPU run at a time. Each takes the device
with the fewest jobs, by a lock file that the system frees when the job ends, however it ends.
"""

import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import filelock

_FOLDER = Path(tempfile.gettempdir()) / f"normscape-devices-{os.getuid()}"
# Locks that this process keeps until it ends.
_kept = []


def take(device: str, folder: Path = _FOLDER) -> None:
    """Leave this process one CUDA device, if it may use several.

    To be called before CUDA is. device : as in --device; with "cpu" or "mps" nothing is taken.
    """
    devices = _visible() if device in ("cuda", "auto") else []
    if len(devices) > 1:
        chosen = least_used(devices, folder)
        os.environ["CUDA_VISIBLE_DEVICES"] = chosen
        print(f"takes CUDA device {chosen} of {', '.join(devices)}", flush=True)


def _visible() -> list[str]:
    """The devices that CUDA would show to this process, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        names = map(str.strip, os.environ["CUDA_VISIBLE_DEVICES"].split(","))
        # CUDA takes those before the first that does not exist, as which people write -1.
        return list(itertools.takewhile(lambda name: name not in ("", "-1"), names))
    import torch

    # By NVML, so that CUDA still reads the variable later.
    return [str(number) for number in range(torch.cuda.device_count())]


def least_used(devices: Sequence[str], folder: Path) -> str:
    """The first device with the fewest jobs of this user; it counts until the process ends.

    folder : of the lock files, for all processes that share the devices.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    places = ((place, device) for place in itertools.count() for device in devices)
    return next(d for place, d in places if _lock(folder / f"{d}.{place}"))


def _lock(path):
    lock = filelock.FileLock(path)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    _kept.append(lock)
    return True
