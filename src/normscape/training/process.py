"""How a process computes: threads, device, and memory that it keeps."""

import contextlib
import ctypes

import torch

# glibc's mallopt: give no memory back, and take what is below 32 MiB from the heap.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_MIB = 2**20


def set_up(threads: int, device: str = "cpu") -> torch.device:
    """Compute with so many CPU threads, and keep freed memory for the next step.

    device : "cpu", "cuda", "mps", or "auto" for the best that this machine has.
    Returns the device; ValueError if this machine does not have it. On CUDA, float32
    means float32 (no TF32), and kernels are the deterministic ones.

    Each step allocates what the last one freed. Left alone, glibc returns the memory
    and the kernel clears it anew, which is up to a fifth of a small network's step.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, 32 * _MIB)
        mallopt(_TRIM_THRESHOLD, 1024 * _MIB)
        mallopt(_TOP_PAD, 64 * _MIB)
    return _device(device)


def _device(name):
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here.insert(0, "cuda")
    if name not in [*here, "auto"]:
        raise ValueError(
            f"--device: found {name!r}, allowed on this machine are {', '.join(here)}, auto"
        )
    return torch.device(here[0] if name == "auto" else name)
