"""Tensors by name in safetensors files, which hold no code that could be executed."""

import json

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from normscape.files import atomic

# The library writes several metadata in an order that varies between calls. With one
# entry for all, the same content gives the same bytes.
_METADATA = "normscape"


def save(path, tensors: dict[str, torch.Tensor], metadata: dict | None = None) -> None:
    """Write tensors and metadata that JSON can hold to a file, all or nothing."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    text = json.dumps(metadata or {}, sort_keys=True)
    with atomic(path) as temporary:
        try:
            save_file(tensors, temporary, {_METADATA: text})
        except SafetensorError as error:  # such as a full disk
            raise OSError(f"{path}: cannot be written ({error})") from None


def load(path) -> tuple[dict[str, torch.Tensor], dict]:
    """Tensors and metadata of a file; a ValueError names a damaged one."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
            metadata = file.metadata() or {}
            return tensors, json.loads(metadata.get(_METADATA, "{}"))
    except SafetensorError as error:
        raise ValueError(
            f"{path}: not a complete safetensors file ({error}); delete it and rerun"
        ) from None
