"""Checkpoints: the whole state of a run before a step.

Tensors ``network.*`` and ``optimiser.*``; metadata ``spec``, ``step`` and ``diverged_at``
(the step, or null). The data order and the noise need no state: they follow from the spec
and the step.
"""

import dataclasses

import torch

from normscape.training import tensors
from normscape.training.run import Run, Spec

_METADATA = {"spec", "step", "diverged_at"}


def save(path, run: Run, diverged_at: int | None = None) -> None:
    """Write the state of ``run``; ``diverged_at`` is the step at which it diverged."""
    metadata = {
        "spec": dataclasses.asdict(run.spec),
        "step": run.step,
        "diverged_at": diverged_at,
    }
    tensors.save(path, tensors_of(run), metadata)


def load(path, data: dict, device="cpu") -> Run:
    """The run as it stood, with tensors of its data set."""
    state, metadata = tensors.load(path)
    missing = _METADATA - metadata.keys()
    if missing:
        raise ValueError(
            f"{path}: not a checkpoint; its metadata lack {', '.join(sorted(missing))}"
        )
    run = Run(Spec(**metadata["spec"]), data, device)
    restore(run, state, metadata["step"])
    return run


def tensors_of(run: Run) -> dict[str, torch.Tensor]:
    """All tensors that change while a run trains."""
    return {f"network.{k}": v for k, v in run.network.state_dict().items()} | {
        f"optimiser.{name}.{i}": tensor
        for name, tensors_by_parameter in run.optimiser_state.items()
        for i, tensor in enumerate(tensors_by_parameter)
    }


def restore(run: Run, state: dict[str, torch.Tensor], step: int) -> None:
    """Set ``run`` to these tensors, before this step."""
    run.network.load_state_dict(
        {name: state[f"network.{name}"] for name in run.network.state_dict()}
    )
    for name, tensors_by_parameter in run.optimiser_state.items():
        for i, tensor in enumerate(tensors_by_parameter):
            tensor.copy_(state[f"optimiser.{name}.{i}"])
    run.step = step
