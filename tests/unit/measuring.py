"""What tests of ``normscape.measure`` share."""

import contextlib
import copy
import random

import numpy as np
import torch
import torch.nn.functional as F

from normscape import measure


def cross_entropy(network, inputs, targets):
    return F.cross_entropy(network(inputs), targets)


def vectors(count=8, *shape, classes=4, dtype=torch.float64):
    """Random inputs of this shape, and labels."""
    draws = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, *(shape or (6,)), generator=draws, dtype=dtype)
    return inputs, torch.arange(count) % classes


def _state(modules, optimisers, tensors) -> dict:
    """All that a measurement might change."""
    actual = {"torch": torch.get_rng_state(), "python": random.getstate()}
    actual["numpy"] = repr(np.random.get_state())  # noqa: NPY002
    for number, network in enumerate(modules):
        actual |= {(number, name): v for name, v in network.state_dict().items()}
        for name, parameter in network.named_parameters():
            actual[number, name, "gradient"] = parameter.grad
        for name, module in network.named_modules():
            hooks = list(module._forward_hooks), list(module._forward_pre_hooks)
            actual[number, name, "module"] = module.training, *hooks
    for number, tensor in enumerate(tensors):
        actual["tensor", number] = tensor.detach()
        actual["tensor", number, "gradient"] = tensor.grad
    actual["optimisers"] = [each.state_dict() for each in optimisers]
    return copy.deepcopy(actual)


@contextlib.contextmanager
def unchanged(*modules, optimisers=(), tensors=()):
    """Check that what is measured inside leaves everything as it was."""
    before = _state(modules, optimisers, tensors)
    yield
    after = _state(modules, optimisers, tensors)
    assert before.keys() == after.keys()
    for name, value in before.items():
        if torch.is_tensor(value):
            assert torch.equal(value, after[name]), name
        elif name == "optimisers":
            torch.testing.assert_close(value, after[name], rtol=0, atol=0)
        else:
            assert value == after[name], name


def everything(network, optimiser, batch, loss=cross_entropy, layers=None, **settings):
    """What all measurements of a network give."""
    given = network, loss, batch
    after = measure.after_step(network, optimiser, loss, batch, accumulate=False)
    chosen = {"layers": layers}
    return {
        "landscape": measure.landscape(
            *given,
            step_sizes=[0.0, 0.1],
            random_directions=1,
            relative_step_sizes=[0.01],
        ),
        "ics": measure.ics(*given, after, **chosen),
        "ics of all": measure.ics(*given, after, parameters="all", **chosen),
        "activations": measure.activations(*given, after, **chosen),
        "invariance": measure.invariance(*given, after, **chosen, **settings),
        "curvature": measure.curvature(*given, tolerance=0.3, **settings),
        "layers": measure.layers(*given, **chosen),
    }
