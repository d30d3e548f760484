"""What a measurement is given, and one line where it can't be measured."""

import copy
import inspect
import sys
import warnings
from pathlib import Path

import torch
from torch import nn

_DISTRIBUTED = "DistributedDataParallel", "FullyShardedDataParallel", "FSDPModule"


def is_network(name: str, network) -> None:
    """Raise a TypeError for anything but a module of one process that can be copied."""
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"{name}: expected a torch.nn.Module, got {type_of(network)}; "
            "load a state_dict into a copy of the network"
        )
    for module in network.modules():
        if any(base.__name__ in _DISTRIBUTED for base in type(module).__mro__):
            raise TypeError(
                f"{name}: expected a module of one process, got {type_of(module)}; "
                "measure network.module (sharded parameters are not supported)"
            )
        if isinstance(module, torch.jit.ScriptModule):
            raise TypeError(
                f"{name}: expected modules in Python, got a scripted one, whose copies call "
                "the original; measure the network before torch.jit"
            )
        if nn.parameter.is_lazy(next(module.parameters(recurse=False), None)):
            raise ValueError(
                f"{name}: expected initialised parameters, got a lazy "
                f"{type_of(module)}; call the network once first"
            )


def batches(network, loss, batch) -> list[tuple]:
    """The batches that ``batch`` stands for, each a tuple of what the loss takes."""
    is_network("network", network)
    if not callable(loss):
        raise TypeError(
            f"loss: expected a function loss(network, *batch), got {type_of(loss)}"
        )
    if not isinstance(batch, tuple | list):
        raise TypeError(
            f"batch: expected a tuple such as (inputs, targets), got {type_of(batch)}; "
            "write (batch,) if the loss takes it as it is"
        )
    several = isinstance(batch, list) and batch
    several = several and all(isinstance(each, tuple | list) for each in batch)
    listed_batches = [tuple(each) for each in batch] if several else [tuple(batch)]
    try:
        function = loss.forward if isinstance(loss, nn.Module) else loss
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # Some callables of C have none.
        return listed_batches
    for each in listed_batches:
        try:
            signature.bind(network, *each)
        except TypeError as error:
            raise TypeError(
                f"loss: expected a function of the network and the {len(each)} items of "
                f"the batch, got one with the arguments {signature}: {error}"
            ) from None
    return listed_batches


def after(network: nn.Module, moved) -> dict:
    """The parameters of ``after``, by those of the network; both have the same shapes."""
    is_network("after", moved)
    ours, theirs = list(network.named_parameters()), list(moved.parameters())
    if [p.shape for _, p in ours] != [p.shape for p in theirs]:
        raise ValueError(
            f"after: expected a copy of the network, whose {len(ours)} parameters have "
            f"the same shapes, got a {type_of(moved)} with {len(theirs)} parameters"
        )
    return dict(zip([p for _, p in ours], theirs, strict=True))


def trained(layer, parameters: list) -> list:
    """The parameters; a ValueError that names the layer if there are none."""
    if not parameters:
        raise ValueError(
            f"layers: expected layers that are trained, got {layer.name!r}, which is frozen"
        )
    return parameters


def numbers(name: str, values) -> list[float]:
    """The values as a list of numbers."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected a list of numbers, got {values!r}; write [0.1]"
        ) from None


def scalar(value) -> None:
    """Raise a TypeError or ValueError for a loss that is not one real number."""
    if not torch.is_tensor(value):
        raise TypeError(
            f"loss: expected a scalar tensor, got {type_of(value)}; "
            "return the tensor that training calls backward() on"
        )
    if value.numel() != 1:
        raise ValueError(
            f"loss: expected a scalar, got a tensor of shape {tuple(value.shape)}; "
            "return its mean"
        )
    if not value.is_floating_point():
        raise TypeError(f"loss: expected a real number, got one of {value.dtype}")


class Dependence:
    """The parameters that losses depend on, found in their graphs."""

    def __init__(self):
        self._leaves: set[torch.Tensor] = set()

    def see(self, value: torch.Tensor) -> None:
        """Add the parameters in the graph of a loss."""
        stack, seen = [value.grad_fn], {None}
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if "CheckpointFunctionBackward" in node.name():
                raise ValueError(
                    "network: expected checkpoints with use_reentrant=False, got a "
                    "reentrant one, which torch.autograd.grad can't pass; set "
                    "use_reentrant=False"
                )
            if hasattr(node, "variable"):
                self._leaves.add(node.variable)
            stack += [following for following, _ in node.next_functions]
        if value.requires_grad and value.is_leaf:
            self._leaves.add(value)

    def check(self, original: nn.Module, network: nn.Module) -> None:
        """Refuse a loss of another network; warn of parameters without a gradient."""
        trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
        if not trained:
            raise ValueError(
                "network: expected parameters that require gradients, got none"
            )
        if not self._leaves.isdisjoint(original.parameters()):
            raise ValueError(
                "loss: expected a function of the network that it is given, got one that "
                "uses the original network; use the loss's first argument"
            )
        unused = [name for name, p in trained.items() if p not in self._leaves]
        if len(unused) == len(trained):
            raise ValueError(
                "loss: expected a function of the network that it is given, got one that "
                "does not depend on its trained parameters; use the loss's first argument, "
                "without detach() or no_grad()"
            )
        if unused:
            warnings.warn(
                f"the loss does not depend on {listed(unused)}; the gradient counts as 0",
                stacklevel=outside_of_package(),
            )


def equal(first: torch.Tensor, second: torch.Tensor) -> None:
    """Refuse a loss that differs at one state."""
    relative = torch.finfo(first.dtype).eps ** 0.5
    if not torch.allclose(first, second, rtol=relative, atol=0, equal_nan=True):
        raise ValueError(
            "loss: expected the same value in two evaluations at one state, got "
            f"{float(first):.6g} and {float(second):.6g}; draw random numbers from torch, "
            "NumPy's global or Python's generator, and keep state in buffers"
        )


def finite(value: torch.Tensor) -> None:
    """Warn of a loss that is not finite."""
    if not value.isfinite():
        warnings.warn(
            f"loss: expected a finite number, got {float(value)}",
            stacklevel=outside_of_package(),
        )


def precise(precisions: set[torch.dtype]) -> None:
    """Warn of types with fewer bits than float32."""
    floating = (each for each in precisions if each.is_floating_point)
    reduced = [str(each) for each in floating if torch.finfo(each).bits < 32]
    if reduced:
        warnings.warn(
            f"the loss is computed in {listed(sorted(reduced))}, whose rounding hides or "
            "exaggerates small changes; measure copy.deepcopy(network).double(), with "
            "after.double() and the batch's floating-point tensors in float64 (call "
            "after_step before, on the network itself)",
            stacklevel=outside_of_package(),
        )


def no_tf32(devices: set[torch.device], precisions: set[torch.dtype]) -> None:
    """Warn of float32 that CUDA rounds to TF32, as PyTorch does in convolutions by default."""
    backends = torch.backends.cudnn.conv, torch.backends.cuda.matmul
    rounded = any(each.fp32_precision == "tf32" for each in backends)
    on_cuda = any(device.type == "cuda" for device in devices)
    if rounded and on_cuda and torch.float32 in precisions:
        warnings.warn(
            "the loss is computed in TF32, whose rounding hides or exaggerates small changes; "
            "set torch.backends.cudnn.allow_tf32 and torch.backends.cuda.matmul.allow_tf32 to "
            "False, or measure in float64",
            stacklevel=outside_of_package(),
        )


def not_copied(network: nn.Module, error: Exception) -> TypeError:
    """The error for a network that ``copy.deepcopy`` refuses; it names the attribute."""
    for name, module in network.named_modules():
        for attribute, value in vars(module).items():
            if attribute == "_modules":
                continue
            try:
                copy.deepcopy(value)
            except Exception:
                place = f"{name}.{attribute}" if name else attribute
                return TypeError(
                    f"network: expected attributes that copy.deepcopy copies, got "
                    f"{place}, {type_of(value)}: {_line(error)}"
                )
    return TypeError(f"network: copy.deepcopy can't copy it: {_line(error)}")


def listed(names) -> str:
    """The first three names, and the number of others.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def type_of(value) -> str:
    """The name of a value's type."""
    return type(value).__name__


def outside_of_package() -> int:
    """The ``stacklevel`` with which a warning names the line that called a measurement."""
    folder, level = Path(__file__).parent, 1
    frame = sys._getframe(1)
    while frame.f_back and (
        Path(frame.f_code.co_filename).parent == folder
        or frame.f_code.co_filename.endswith("contextlib.py")
    ):
        frame, level = frame.f_back, level + 1
    return level


def _line(error):
    return str(error).strip().split("\n")[0]
