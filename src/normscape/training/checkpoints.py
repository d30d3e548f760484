"""Checkpoints: the whole state of a run before a step.

Tensors ``network.NAME`` and ``optimiser.PARAMETER.NAME``; metadata ``spec``, ``step``,
``diverged_at`` (the step, or null), and ``optimiser`` (the rest of its ``state_dict``). The
data order and the noise need no state: they follow from the spec and the step.
"""

import dataclasses

import torch

from normscape.training import tensors
from normscape.training.run import Run, Spec

_METADATA = {"spec", "step", "diverged_at", "optimiser"}


def save(path, run: Run, diverged_at: int | None = None) -> None:
    """Write the state of ``run``; ``diverged_at`` is the step at which it diverged."""
    by_name, metadata = state(run)
    metadata |= {"spec": dataclasses.asdict(run.spec), "diverged_at": diverged_at}
    tensors.save(path, by_name, metadata)


def load(path, data: dict, device="cpu") -> Run:
    """The run at the checkpoint, with tensors of its data set."""
    by_name, metadata = tensors.load(path)
    missing = _METADATA - metadata.keys()
    if missing:
        raise ValueError(
            f"{path}: not a checkpoint; its metadata lack {', '.join(sorted(missing))}"
        )
    run = Run(Spec(**metadata["spec"]), data, device)
    restore(run, by_name, metadata)
    return run


def state(run: Run) -> tuple[dict[str, torch.Tensor], dict]:
    """All that changes while a run trains: tensors by name, and what JSON can hold."""
    optimiser = run.optimiser.state_dict()
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    numbers = {}
    for parameter, remembered in optimiser["state"].items():
        for name, value in remembered.items():
            kind = tensors if isinstance(value, torch.Tensor) else numbers
            kind[f"optimiser.{parameter}.{name}"] = value
    groups = optimiser["param_groups"]
    return tensors, {"step": run.step, "optimiser": {"groups": groups} | numbers}


def restore(run: Run, tensors: dict[str, torch.Tensor], metadata: dict) -> None:
    """Set ``run`` to a state; see ``state``."""
    run.network.load_state_dict(
        {name: tensors[f"network.{name}"] for name in run.network.state_dict()}
    )
    numbers = dict(metadata["optimiser"])
    groups, remembered = numbers.pop("groups"), {}
    for key, value in (tensors | numbers).items():
        owner, _, place = key.partition(".")
        if owner == "optimiser":
            parameter, _, name = place.partition(".")
            remembered.setdefault(int(parameter), {})[name] = value
    run.optimiser.load_state_dict({"state": remembered, "param_groups": groups})
    run.step = metadata["step"]
