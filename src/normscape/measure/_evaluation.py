"""Loss and gradient of a network that stays as it is, and the step that training takes next."""

import contextlib
import copy
from collections.abc import Iterator

import torch
from torch import nn


def trainable(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that require gradients, in order."""
    return [p for p in network.parameters() if p.requires_grad]


@contextlib.contextmanager
def replayed(network: nn.Module) -> Iterator[None]:
    """Afterwards torch's generators (CPU, CUDA) and the network's buffers are as before.

    What is evaluated several times at one state so is one and the same function.
    """
    cuda = {p.device for p in network.parameters() if p.device.type == "cuda"}
    buffers = list(network.buffers())
    before = [buffer.clone() for buffer in buffers]
    with torch.random.fork_rng(list(cuda)):
        yield
    with torch.no_grad():
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)


def loss_and_gradient(network: nn.Module, loss, batch, parameters=None) -> tuple:
    """The loss, and its gradient in some parameters, by default in all that require one."""
    with replayed(network):
        value = loss(network, *batch)
        gradient = torch.autograd.grad(value, parameters or trainable(network))
        return value.detach(), gradient


def after_step(network: nn.Module, optimiser, loss, batch) -> nn.Module:
    """A copy of a network as it is after the step that its optimiser takes next.

    optimiser : a ``torch.optim.Optimizer`` of the network's parameters, whose step takes no
        closure; its state stays as it is. A ValueError says that it has none of them, as of
        a copy of the network.

    >>> network = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(network.weight)
    >>> optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    >>> moved = after_step(network, optimiser, lambda f, x: f(x).sum(), [torch.ones(1, 1)])
    >>> round(moved.weight.item(), 3), network.weight.item()
    (0.9, 1.0)
    """
    moved = {p for group in optimiser.param_groups for p in group["params"]}
    if moved.isdisjoint(network.parameters()):
        raise ValueError("the optimiser has none of the network's parameters")
    network, optimiser = copy.deepcopy((network, optimiser))
    optimiser.zero_grad()
    with replayed(network):
        loss(network, *batch).backward()
        optimiser.step()
    optimiser.zero_grad()
    return network
