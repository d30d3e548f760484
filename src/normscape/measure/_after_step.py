"""The network after the step that training takes next."""

import copy
import inspect
import warnings
from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer

from normscape.measure import _check
from normscape.measure._evaluation import Evaluation, measuring, trainable


def after_step(
    network: nn.Module,
    optimiser,
    loss,
    batch,
    *,
    before_step: Callable[[nn.Module], object] | None = None,
    accumulate: bool | None = None,
) -> nn.Module:
    """A copy of a network as it is after the step that its optimiser takes next.

    Parameters
    ----------
    network, loss, batch
        See ``help(normscape.measure)``.
    optimiser
        A ``torch.optim.Optimizer`` of the network's parameters, or a list of several. One
        whose step needs a closure, such as LBFGS, gets it.
    before_step
        Called with the copy between the backward pass and the step, such as
        ``lambda network: torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)``.
    accumulate
        True if the step adds to the gradients that the network holds, False if it zeroes
        them first. By default it zeroes them, and warns if there are any. With True, as at
        the last micro-batch, other measurements are still those of the batch alone. To
        measure all micro-batches, give their list before gradients are accumulated.

    Returns
    -------
    torch.nn.Module
        The copy, with the buffers from before the step, such as running statistics; the
        network, its gradients and the optimiser stay as they are.

    Raises
    ------
    TypeError, ValueError
        One line, also for an optimiser of other parameters, and for hooks of the optimiser
        or of gradients, which are not copied.

    Examples
    --------
    >>> network = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(network.weight)
    >>> optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    >>> moved = after_step(network, optimiser, lambda f, x: f(x).sum(), (torch.ones(1, 1),))
    >>> round(moved.weight.item(), 3), network.weight.item()
    (0.9, 1.0)
    """
    optimisers = optimiser if isinstance(optimiser, list | tuple) else [optimiser]
    _check.is_network("network", network)
    _check_optimisers(network, optimisers)
    if before_step is None:
        _refuse_hooks(network, optimisers)
    if accumulate is None and any(p.grad is not None for p in network.parameters()):
        warnings.warn(
            "network: it holds gradients; say accumulate=True if the step adds to them, or "
            "accumulate=False if they are zeroed before",
            stacklevel=_check.outside_of_package(),
        )
    # What is evaluated once needs no layers, and may be random.
    with measuring(network, loss, batch, stages=lambda network: []) as at:
        copies = [_copied(each, at.memo) for each in optimisers]
        held = [p.grad for p in trainable(network)] if accumulate else []

        def backward():
            value = _backward(at, held)
            if before_step:
                before_step(at.network)
            return value

        with at.replayed():
            if not any(_needs_closure(each) for each in copies):
                backward()
            for each in copies:
                each.step(*[backward] if _needs_closure(each) else [])
        _warn_if_unmoved(at, copies)
        for parameter in at.network.parameters():
            parameter.grad = None
        return at.network


def _warn_if_unmoved(at, optimisers) -> None:
    """Warn of a step that moves nothing, such as one that acts on the original."""
    pairs = zip(at.network.parameters(), at.original.parameters(), strict=True)
    rates = [group.get("lr", 1.0) for each in optimisers for group in each.param_groups]
    gradients = (p.grad for p in at.parameters if p.grad is not None)
    if (
        any(rates)
        and all(torch.equal(p, q) for p, q in pairs)
        and any(bool(g.to_dense().any()) for g in gradients)
    ):
        warnings.warn(
            "optimiser: the step of its copy moves nothing; if its own step does, make "
            "after by hand",
            stacklevel=_check.outside_of_package(),
        )


def _backward(at: Evaluation, held) -> torch.Tensor:
    """Give the copy its gradients, added to those ``held``; the loss."""
    for parameter in at.network.parameters():
        parameter.grad = None
    for parameter, gradient in zip(at.parameters, held, strict=bool(held)):
        parameter.grad = None if gradient is None else gradient.detach().clone()
    total = 0.0
    for batch in at.batches:
        value = at.value(at.network, batch)
        if len(at.batches) > 1:
            value = value / len(at.batches)
        if value.requires_grad and at.parameters:
            torch.autograd.backward(value, inputs=at.parameters)
        total = total + value.detach()
    return at.compared(total)


def _check_optimisers(network, optimisers) -> None:
    """Refuse an optimiser without these parameters; warn of parameters without one."""
    parameters, moved = set(network.parameters()), set()
    for each in optimisers:
        if not hasattr(each, "param_groups") or not hasattr(each, "step"):
            raise TypeError(
                "optimiser: expected a torch.optim.Optimizer or a list of them, got "
                f"{_check.type_of(each)}"
            )
        optimised = {p for group in each.param_groups for p in group["params"]}
        if optimised.isdisjoint(parameters):
            raise ValueError(
                "optimiser: expected one of the network's parameters, got one that has "
                "none of the network's parameters; it may be of another copy"
            )
        moved |= optimised
    named = network.named_parameters()
    left = [name for name, p in named if p.requires_grad and p not in moved]
    if left:
        warnings.warn(
            f"optimiser: it does not move {_check.listed(left)}; give all optimisers of "
            "the network as a list",
            stacklevel=_check.outside_of_package(),
        )


def _refuse_hooks(network, optimisers) -> None:
    """Refuse hooks that change a step and are not copied."""
    for each in optimisers:
        hooks = getattr(each, "_optimizer_step_pre_hooks", {})
        hooks = [
            *hooks.values(),
            *getattr(each, "_optimizer_step_post_hooks", {}).values(),
        ]
        if not all(map(_is_copied, hooks)):
            raise ValueError(
                "optimiser: expected no step hooks that can't be copied, such as functions, "
                "got one; do in before_step= what it does, on the copy"
            )
    for name, p in network.named_parameters():
        if p._backward_hooks or getattr(p, "_post_accumulate_grad_hooks", None):
            raise ValueError(
                f"network: expected no hooks of gradients, got one of {name}; do in "
                "before_step= what it does, on the copy"
            )


def _is_copied(hook) -> bool:
    """Whether a copy of a hook acts on copies, unlike that of a function."""
    try:
        return copy.deepcopy(hook) is not hook
    except Exception:
        return False


def _needs_closure(optimiser) -> bool:
    closure = inspect.signature(type(optimiser).step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


def _copied(optimiser, memo: dict):
    """A copy of an optimiser, with its attributes, of the parameters of the copy."""
    if id(optimiser) in memo:
        return memo[id(optimiser)]
    for value in list(vars(optimiser).values()):
        for inner in value if isinstance(value, list | tuple) else [value]:
            if isinstance(inner, Optimizer):
                _copied(inner, memo)
    if getattr(type(optimiser), "__getstate__", None) is Optimizer.__getstate__:
        # Copied by itself, an optimiser would lose attributes of its class, and hooks.
        duplicate = memo[id(optimiser)] = object.__new__(type(optimiser))
        for name, value in vars(optimiser).items():
            if name.endswith("_hooks"):
                value = {k: h for k, h in value.items() if _is_copied(h)}
            setattr(duplicate, name, copy.deepcopy(value, memo))
    else:
        duplicate = copy.deepcopy(optimiser, memo)
    # A scheduler replaces the method by one that is bound to the original.
    vars(duplicate).pop("step", None)
    return duplicate
