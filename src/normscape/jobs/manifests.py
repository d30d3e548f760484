"""The manifest of a run: machine, time and versions of its training, and its outputs.

Times differ between repetitions, so no table or figure is made from it.
"""

import json
import platform
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import torch

from normscape.files import atomic, digest
from normscape.jobs import machine
from normscape.training.run import Run


def now() -> str:
    """The current time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(
    path,
    run: Run,
    started: str,
    outputs: Collection[Path],
    data_notes: Collection[str] = (),
) -> None:
    """Write the manifest of a finished run.

    started : time of the start, from ``now``; of the last start, if training was stopped.
    outputs : files whose SHA-256 is listed by name.
    data_notes : notes on the data set (``normscape.datasets``).
    """
    manifest = run.spec.cell | {
        "started": started,
        "ended": now(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
        **machine.description(),
        "device": _name(run.device),
        "threads": torch.get_num_threads(),
        "peak_memory_mb": machine.peak_memory_mb(),
        "sha256": {path.name: digest(path) for path in sorted(outputs)},
    }
    if data_notes:
        manifest["data_notes"] = list(data_notes)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _name(device):
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    # The instruction set that torch uses decides the last digits.
    return f"{device.type}: {torch.backends.cpu.get_cpu_capability()}"
