"""PyTorch's settings in a process: threads, device, and memory that the process keeps."""

import contextlib
import ctypes

import torch

# Parameters of glibc's mallopt. The values below take every block from the heap, and never
# return the heap to the system.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_NEVER = -1
_MIB = 2**20


def set_up(threads: int, device: str = "cpu") -> torch.device:
    """Use this number of CPU threads, and keep freed memory for the next step.

    device : "cpu", "cuda", "mps", or "auto" for the best device of this machine. Returns
    the device; raises ValueError where this machine does not have it. On CUDA, float32 is
    computed in float32 (not in TF32), by deterministic kernels.

    Each step allocates the memory that the last one freed. By default glibc returns large
    blocks and the kernel clears them again. That costs up to a fifth of a small network's
    step, and of a probe in float64, whose unfolded convolutions take over 100 MB.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    if (
        torch.cuda.is_available()
    ):  # Fused attention adds gradients in an arbitrary order.
        torch.backends.cuda.enable_flash_sdp(False)
        torch.backends.cuda.enable_mem_efficient_sdp(False)
        torch.backends.cuda.enable_cudnn_sdp(False)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _NEVER)
        mallopt(_TOP_PAD, 64 * _MIB)
    return _choose_device(device)


def _choose_device(name):
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if name not in [*available, "auto"]:
        raise ValueError(
            f"--device: expected one of {', '.join(available)}, auto on this machine, "
            f"got {name!r}"
        )
    return torch.device(available[0] if name == "auto" else name)
