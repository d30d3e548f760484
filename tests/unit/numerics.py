"""What tests of the numerics share."""

import torch


def walk(run, steps):
    """The same run after so many more steps."""
    for _ in range(steps):
        run.advance(run.loss_and_gradient()[2])
    return run


def state(run):
    """A copy of all that training changes in the network, by name."""
    return {name: value.clone() for name, value in run.network.state_dict().items()}


def same(a, b):
    """Whether two mappings hold the same tensors by name, bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def double(run):
    """The same run, from here on in float64."""
    return run.to(torch.float64)
