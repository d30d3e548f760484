"""Evaluations of a loss on copies, which leave everything outside as it was."""

import contextlib
import copy
import random
import warnings
from collections import UserDict
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.nn.utils import parametrize

from normscape.measure import _check
from normscape.measure._layers import Layer, Stage, Stages, find_layers, set_names

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


@contextlib.contextmanager
def measuring(
    network: nn.Module,
    loss,
    batch,
    *,
    stages: Stages | None = None,
    layers=None,
    differentiated: bool = True,
) -> Iterator["Evaluation"]:
    """An ``Evaluation`` of the loss at a copy of the network, with the arguments checked.

    The layers are found in one evaluation; the first one that follows must give the same
    loss. With ``stages``, whose networks we know, this evaluation is saved.

    differentiated : False where frozen networks are measured, too.
    """
    outside = _Outside()
    hook = register_module_forward_pre_hook(outside.see)
    # The cache of parametrised weights does not see that we move what they depend on.
    cached, parametrize._cache_enabled = parametrize._cache_enabled, 0
    try:
        with torch.inference_mode(False), torch.enable_grad():
            at = Evaluation(network, loss, batch, outside, differentiated)
            if stages:
                at.stages = stages(at.network)
            else:
                at.find_stages(layers)
            set_names(at.stages, at.names)
            for stage in at.stages:
                outside.know(stage.rest)
            yield at
    finally:
        parametrize._cache_enabled = cached
        hook.remove()


class Evaluation:
    """A loss, on its batches, of a copy of a network.

    original, network : the network, and the copy.
    parameters : those of the copy that require gradients.
    names : the name of each module of the copy, as in ``named_modules``.
    batches : copies of the batches; the loss is the mean over them.
    memo : leads from the network to the copy, as ``copy.deepcopy`` takes it.
    outside : the other modules that the loss calls.
    """

    def __init__(self, network, loss, batch, outside: "_Outside", differentiated=True):
        self.loss = loss
        given = _check.batches(network, loss, batch)
        self.batches = _copied_tensors(given, {})
        self._tensors = [
            (tensor, tensor._version, value)
            for tensor, value in zip(
                _tensors(self.batches), _tensors(given), strict=True
            )
        ]
        self.original = getattr(network, "_orig_mod", network)
        self.network, self.memo = copied(self.original)
        self.parameters = trainable(self.network)
        pairs = zip(self.network.parameters(), self.original.parameters(), strict=True)
        # The network itself stays where the copy starts.
        self._origin = dict(pairs)
        self.names = {module: name for name, module in self.network.named_modules()}
        self.outside = outside
        outside.know(self.network)
        self._state = _State(self.network.modules())
        self._generators = np.random.get_state(), random.getstate()  # noqa: NPY002
        tensors = [*self.network.parameters(), *_tensors(given)]
        self._devices = {t.device for t in tensors if t.device.type == "cuda"}
        # The first evaluation is checked for what it depends on, the second for its value.
        checked = differentiated or self.parameters
        self._dependence = _check.Dependence() if checked else None
        self._first = None

    def find_stages(self, choice) -> None:
        """Find the layers in an evaluation, with which the next one is compared."""
        with self.replayed():
            layers, precisions, self._first = find_layers(
                self.network, lambda: self.compared(self._mean()), choice
            )
        _check.precise(precisions)
        _check.no_tf32(self._devices, precisions)
        self.stages = [Stage(self.network, layers)]
        # A network may constrain its weights in place, as nn.Embedding does with max_norm.
        for parameter, original in self._origin.items():
            if not torch.equal(parameter, original):
                self._origin[parameter] = parameter.detach().clone()

    @property
    def layers(self) -> list[Layer]:
        """All layers, in order; a ValueError if there are none."""
        layers = [layer for stage in self.stages for layer in stage.layers]
        if not layers:
            raise ValueError(
                "network: expected a nn.Linear or convolution that is trained and that the "
                "loss calls, got none; name the layers with layers="
            )
        return layers

    @contextlib.contextmanager
    def replayed(self) -> Iterator[None]:
        """Afterwards random generators, buffers and attributes are as before.

        What is evaluated several times at one state so is one and the same function.
        """
        # Autocast keeps low-precision copies of weights, which we move in place.
        torch.clear_autocast_cache()
        try:
            with torch.random.fork_rng(self._devices):
                yield
        finally:
            torch.clear_autocast_cache()
            numpy_state, python_state = self._generators
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)
            self._state.restore()
            self.outside.restore()
            for tensor, version, value in self._tensors:
                if tensor._version != version:
                    with torch.no_grad():
                        tensor.copy_(value)

    def value(self, network, batch) -> torch.Tensor:
        """The loss of one batch, with its graph."""
        value = self.loss(network, *batch)
        _check.scalar(value)
        if self._dependence:
            self._dependence.see(value)
        return value.reshape(())

    def forward(self, end_of_batch=lambda: None) -> torch.Tensor:
        """The loss alone; ``end_of_batch`` is called after each batch."""
        with self.replayed():
            return self.compared(self._mean(end_of_batch))

    def _mean(self, end_of_batch=lambda: None):
        values = []
        for batch in self.batches:
            values.append(self.value(self.network, batch).detach())
            end_of_batch()
        return _mean(values)

    def compared(self, value):
        """The loss at this state, after the checks of the first two evaluations."""
        if self._dependence:
            self._dependence.check(self.original, self.network)
            _check.finite(value)
            self._dependence = None
        elif self._first is not None:
            _check.equal(self._first, value)
            self._first = None
        return value

    def loss_and_gradient(self, parameters=None, network=None, batches=None):
        """The loss, and its gradient in some parameters, by default in all of the copy.

        network, batches : in place of the copy and the batches.
        """
        parameters = self.parameters if parameters is None else parameters
        network = self.network if network is None else network
        batches = self.batches if batches is None else batches
        values, gradient = [], None
        with self.replayed():
            for batch in batches:
                value = self.value(network, batch)
                gradient = _sum(gradient, _gradient(value, parameters))
                values.append(value.detach())
        return self.compared(_mean(values)), divided(gradient, len(batches))

    def graphs(self, parameters) -> Iterator[list[torch.Tensor]]:
        """For each batch, the gradient with its graph."""
        values = []
        with self.replayed():
            for batch in self.batches:
                value = self.value(self.network, batch)
                values.append(value.detach())
                if len(values) == len(self.batches):
                    self.compared(_mean(values))
                yield _gradient(value, parameters, create_graph=True)

    @contextlib.contextmanager
    def moved(self, direction, step_size: float, parameters=None) -> Iterator[None]:
        """Within the context, parameters are at theta + step_size * direction."""
        parameters = self.parameters if parameters is None else parameters
        with torch.no_grad():
            torch._foreach_add_(parameters, list(direction), alpha=step_size)
        yield
        with torch.no_grad():
            torch._foreach_copy_(parameters, [self._origin[p] for p in parameters])


def _mean(values):
    return values[0] if len(values) == 1 else torch.stack(values).mean()


def _sum(total, terms):
    if total is None:
        return terms
    return [a + b for a, b in zip(total, terms, strict=True)]


def divided(tensors, count: int):
    """The tensors over a number of batches."""
    return tensors if count == 1 else [tensor / count for tensor in tensors]


def _gradient(value, parameters, **settings) -> list[torch.Tensor]:
    """The gradient; 0 for parameters that the loss does not depend on."""
    if not value.requires_grad:
        return [torch.zeros_like(parameter) for parameter in parameters]
    gradient = torch.autograd.grad(
        value, parameters, allow_unused=True, materialize_grads=True, **settings
    )
    return dense(gradient)


def dense(tensors) -> list[torch.Tensor]:
    """The tensors, those that are sparse as dense ones."""
    return [t.to_dense() if t.layout != torch.strided else t for t in tensors]


def trainable(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that require gradients, in order."""
    return [p for p in network.parameters() if p.requires_grad]


def key(seed) -> tuple:
    """The seed, or the tuple of seeds, as the key of ``normscape.randomness``."""
    return seed if isinstance(seed, tuple) else (seed,)


def copied(network: nn.Module) -> tuple[nn.Module, dict]:
    """A copy of a network as ``copy.deepcopy`` makes it, and the memo of it.

    Tensors with a graph are detached. Compiled modules are copied as they were before, and
    parameters with their attributes, which ``copy.deepcopy`` drops. Hooks that the copy would
    share, such as functions that record what they see, are left out.
    """
    memo: dict = {}
    for module in network.modules():
        for tensor in _tensors([*vars(module).values(), *module._buffers.values()]):
            if tensor.grad_fn is not None:
                memo[id(tensor)] = tensor.detach().clone()
    try:
        duplicate = copy.deepcopy(network, memo)
        pairs = zip(network.parameters(), duplicate.parameters(), strict=True)
        for ours, theirs in pairs:
            vars(theirs).update(copy.deepcopy(vars(ours), memo) | vars(theirs))
    except Exception as error:
        raise _check.not_copied(network, error) from error
    _remove_hooks(network, duplicate)
    for parent in list(duplicate.modules()):
        for name, child in list(parent.named_children()):
            if hasattr(child, "_orig_mod"):
                setattr(parent, name, child._orig_mod)
    return duplicate, memo


def _remove_hooks(network, duplicate):
    """Remove hooks that the copy shares with the network, except torch's own."""
    removed = []
    pairs = zip(network.named_modules(), duplicate.modules(), strict=True)
    for (name, original), module in pairs:
        for kind in _HOOKS:
            hooks = getattr(module, kind)
            for number, hook in getattr(original, kind).items():
                from_torch = str(getattr(hook, "__module__", "")).startswith("torch.")
                if hooks.get(number) is hook and not from_torch:
                    del hooks[number]
                    removed.append(name or "the network")
    if removed:
        warnings.warn(
            f"hooks do not run in measurements: those of {_check.listed(removed)}; "
            "if one changes outputs, make it a module",
            stacklevel=_check.outside_of_package(),
        )


def _tensors(tree) -> list[torch.Tensor]:
    """The tensors in nested lists, tuples and dicts."""
    if torch.is_tensor(tree):
        return [tree]
    if isinstance(tree, dict | UserDict):
        tree = tree.values()
    elif not isinstance(tree, list | tuple):
        return []
    return [tensor for branch in tree for tensor in _tensors(branch)]


def _copied_tensors(tree, memo: dict):
    """The same lists, tuples and dicts with detached copies of their tensors."""
    if torch.is_tensor(tree):
        if id(tree) not in memo:
            memo[id(tree)] = tree.detach().clone().requires_grad_(tree.requires_grad)
        return memo[id(tree)]
    if isinstance(tree, dict | UserDict):
        duplicate = copy.copy(tree)
        for name, branch in tree.items():
            duplicate[name] = _copied_tensors(branch, memo)
        return duplicate
    if isinstance(tree, list | tuple):
        branches = [_copied_tensors(branch, memo) for branch in tree]
        return (
            type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
        )
    return tree


_STRUCTURE = "_parameters", "_modules", "_non_persistent_buffers_set"


class _State:
    """Buffers, attributes and generators of modules, to be put back."""

    def __init__(self, modules):
        modules = list(modules)
        # A scripted module keeps its attributes elsewhere.
        attributes = [
            vars(module)
            for module in modules
            if not isinstance(module, torch.jit.ScriptModule)
        ]
        items = [item for each in attributes for item in each.items()]
        values = [value for _, value in items]
        # Buffers are in a dict of their module's attributes.
        inner = [
            value
            for name, value in items
            if type(value) in (list, dict, set) and name not in _STRUCTURE
        ]
        self._collections = [(each, each.copy()) for each in [*attributes, *inner]]
        kept = [b for m in modules for b in m.buffers(recurse=False)]
        kept += [v for v in values if torch.is_tensor(v) and v.grad_fn is None]
        self._tensors = [(tensor, tensor.detach().clone()) for tensor in kept]
        generators = [v for v in values if isinstance(v, torch.Generator)]
        self._generators = [(each, each.get_state()) for each in generators]

    def restore(self) -> None:
        for collection, content in self._collections:
            collection.clear()
            if isinstance(collection, list):
                collection.extend(content)
            else:
                collection.update(content)
        with torch.no_grad():
            for tensor, value in self._tensors:
                tensor.copy_(value)
        for generator, state in self._generators:
            generator.set_state(state)


class _Outside:
    """The state of modules that the loss calls besides the network, such as a teacher."""

    def __init__(self):
        self._known, self._states = set(), []

    def know(self, network: nn.Module) -> None:
        """Leave out the modules of a network."""
        self._known.update(network.modules())

    def see(self, module, arguments) -> None:
        """A hook that runs before each module: keep the state of one that is new."""
        if module not in self._known:
            new = [each for each in module.modules() if each not in self._known]
            self._known.update(new)
            self._states.append(_State(new))

    def restore(self) -> None:
        """Put back the state that each module had before its first call."""
        for state in self._states:
            state.restore()
