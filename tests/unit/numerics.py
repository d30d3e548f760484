"""What tests of the numerics share."""

import contextlib
import copy

import torch


def walk(run, steps):
    """The same run after so many more steps."""
    for _ in range(steps):
        run.advance(run.loss_and_gradient()[2])
    return run


def loss_and_gradient(network, inputs, targets):
    """The loss that a network defines, its outputs, and the gradient of each parameter."""
    outputs = network(inputs)
    loss = network.loss(outputs, targets)
    gradient = torch.autograd.grad(loss, list(network.parameters()))
    return loss.detach(), outputs.detach(), list(gradient)


def state(run):
    """A copy of all that training changes in the network, by name."""
    return {name: value.clone() for name, value in run.network.state_dict().items()}


def same(a, b):
    """Whether two mappings hold the same tensors by name, bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def double(run):
    """The same run, from here on in float64."""
    return run.to(torch.float64)


@contextlib.contextmanager
def untouched(run):
    """Check that what is measured inside leaves a run, and torch's generator, as they were."""
    step, before = run.step, state(run)
    optimiser = copy.deepcopy(run.optimiser.state_dict())
    generator = torch.get_rng_state()
    yield
    assert run.step == step
    assert run.network.training
    assert all(p.grad is None for p in run.parameters)
    assert same(before, state(run))
    torch.testing.assert_close(run.optimiser.state_dict(), optimiser, rtol=0, atol=0)
    assert torch.equal(generator, torch.get_rng_state())
