"""The machine that a job runs on, and the memory that the job used."""

import contextlib
import os
import platform
import resource
import sys
from pathlib import Path

_MIB = 2**20


def description() -> dict[str, str | int]:
    """Operating system, processor, cores that this process may use, and memory in MiB."""
    return {
        "operating_system": _operating_system(),
        "processor": _processor(),
        "cores": _cores(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB,
    }


def peak_memory_mb() -> int:
    """The peak memory of this process in MiB, with its libraries."""
    # On Linux, getrusage includes the memory of the program before exec.
    with contextlib.suppress(OSError, KeyError):
        kilobytes = _table(Path("/proc/self/status"))["VmHWM"].removesuffix(" kB")
        return int(kilobytes) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // _MIB if sys.platform == "darwin" else peak // 1024


def _operating_system():
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return platform.platform(terse=True)


def _processor(cpuinfo=Path("/proc/cpuinfo")):
    """The processor's model, as Linux names it."""
    with contextlib.suppress(OSError, KeyError):
        return _table(cpuinfo)["model name"]
    return platform.processor() or platform.machine()


def _table(path):
    """The first value of each key in a file of lines "key: value"."""
    pairs = (
        line.partition(":")
        for line in reversed(path.read_text(encoding="utf-8").splitlines())
    )
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
