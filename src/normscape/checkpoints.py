"""Checkpoints: the whole state of a run before a step, as safetensors.

Tensors ``network.*`` and ``velocity.*``; metadata ``spec`` (JSON), ``step`` and
``diverged_at`` (the step, or empty). The data order and the noise need no state: they
follow from the spec and the step. Nothing in such a file can execute code.
"""

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from normscape.files import atomic
from normscape.run import Run, Spec


def save(path, run: Run, diverged_at: int | None = None) -> None:
    """Write the state of ``run``; ``diverged_at`` is the step at which it diverged."""
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    if run.spec.optimiser["momentum"]:
        tensors |= {f"velocity.{i}": v for i, v in enumerate(run.velocity)}
    tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    metadata = {
        "spec": run.spec.to_json(),
        "step": str(run.step),
        "diverged_at": "" if diverged_at is None else str(diverged_at),
    }
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata)


def load(path, data: dict[str, torch.Tensor], device="cpu") -> Run:
    """The run as it stood."""
    metadata = read_metadata(path)
    run = Run(Spec.from_json(metadata["spec"]), data, device)
    with safe_open(path, "pt", device=str(device)) as file:
        state = {
            name.removeprefix("network."): file.get_tensor(name)
            for name in file.keys()
            if name.startswith("network.")
        }
        run.network.load_state_dict(state)
        if run.spec.optimiser["momentum"]:
            for i, velocity in enumerate(run.velocity):
                velocity.copy_(file.get_tensor(f"velocity.{i}"))
    run.step = int(metadata["step"])
    return run


def open_for_probe(checkpoint, data, device: str, threads: int) -> Run:
    """The run of a checkpoint file with the data of a data file."""
    torch.set_num_threads(threads)
    return load(checkpoint, load_file(data), device)


def read_metadata(path) -> dict[str, str]:
    """The metadata alone, without the tensors."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a whole safetensors file ({error})") from None
    missing = {"spec", "step", "diverged_at"} - metadata.keys()
    if missing:
        raise ValueError(
            f"{path}: not a checkpoint; its metadata lack {', '.join(sorted(missing))}"
        )
    return metadata
