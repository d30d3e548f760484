"""Tensors by name in safetensors files, which hold no code that could be executed."""

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from normscape.files import atomic


def save(
    path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
):
    """Write the tensors, and texts by name, to a file that is whole or not there."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata)


def load(path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a file; a ValueError names a damaged one."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
            return tensors, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a whole safetensors file ({error})") from None
