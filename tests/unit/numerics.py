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
    run.network.double()
    run._data = {
        name: value.double() if value.is_floating_point() else value
        for name, value in run._data.items()
    }
    run._batch_at.cache_clear()
    run.optimiser_state = {
        name: [value.double() for value in values]
        for name, values in run.optimiser_state.items()
    }
    return run
