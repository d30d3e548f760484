"""How a process computes: threads, device, and memory that it keeps."""

import contextlib
import ctypes

import torch

# glibc's mallopt: take everything from the heap, and never give the heap back.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_NEVER = -1
_MIB = 2**20


def set_up(threads: int, device: str = "cpu") -> torch.device:
    """Compute with so many CPU threads, and keep freed memory for the next step.

    device : "cpu", "cuda", "mps", or "auto" for the best that this machine has.
    Returns the device; ValueError if this machine does not have it. On CUDA, float32
    means float32 (no TF32), and kernels are the deterministic ones.

    Each step allocates what the last one freed. Left alone, glibc returns large blocks
    and the kernel clears them anew, which is up to a fifth of a small network's step and
    of a probe in float64, whose unfolded convolutions take over 100 MB.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    if torch.cuda.is_available():  # The fused attentions add up gradients in any order.
        torch.backends.cuda.enable_flash_sdp(False)
        torch.backends.cuda.enable_mem_efficient_sdp(False)
        torch.backends.cuda.enable_cudnn_sdp(False)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _NEVER)
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
