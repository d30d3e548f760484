"""The step that training takes next, with several optimisers, clipping and accumulation."""

import copy
from functools import partial

import pytest
import torch
from measuring import cross_entropy, unchanged, vectors
from torch import nn
from torch.optim import SGD, Optimizer

from normscape import measure

BATCH = vectors()


def network():
    torch.manual_seed(0)
    layers = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 4)
    return nn.Sequential(*layers).double()


def clip(network):
    nn.utils.clip_grad_norm_(network.parameters(), 0.01)


class Lookahead(Optimizer):
    """An optimiser with attributes, another optimiser among them."""

    def __init__(self, inner):
        self.inner, self.steps = inner, 0
        super().__init__(
            [p for g in inner.param_groups for p in g["params"]], {"lr": 0.1}
        )
        self.slow = [p.detach().clone() for p in self.param_groups[0]["params"]]

    def step(self, closure=None):
        self.inner.step()
        self.steps += 1
        if self.steps % 2 == 0:
            for slow, p in zip(self.slow, self.param_groups[0]["params"], strict=True):
                slow += 0.5 * (p.detach() - slow)
                p.data.copy_(slow)


class Wrapper(Optimizer):
    """One that delegates, and is copied as it says itself, as accelerate's."""

    def __init__(self, inner):
        self.inner = inner

    param_groups = property(lambda self: self.inner.param_groups)
    state = property(lambda self: self.inner.state)

    def __getstate__(self):
        return vars(self).copy()

    def __setstate__(self, state):
        vars(self).update(state)

    def state_dict(self):
        return self.inner.state_dict()

    def zero_grad(self):
        self.inner.zero_grad()

    def step(self, closure=None):
        self.inner.step()


class Counting:
    """A hook that is a method is copied, with what it belongs to."""

    def __init__(self):
        self.calls = 0

    def halve(self, optimiser, arguments, settings):
        self.calls += 1
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                parameter.grad /= 2


def with_hook(p):
    optimiser, counting = SGD(p, 0.1), Counting()
    optimiser.register_step_pre_hook(counting.halve)
    optimiser.counting = counting
    return optimiser


class Scaled(SGD):
    """Learning rates as attributes of the parameters."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        for number, p in enumerate(self.param_groups[0]["params"]):
            p.scale = 1 / (1 + number)

    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            p.grad *= p.scale
        return super().step(closure)


OPTIMISERS = {
    "Scaled": lambda p: Scaled(p, 0.1),
    "SGD": lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.01, amsgrad=True),
    "Lookahead": lambda p: Lookahead(SGD(p, 0.1, momentum=0.9)),
    "Wrapper": lambda p: Wrapper(SGD(p, 0.1, momentum=0.9)),
    "LBFGS": lambda p: torch.optim.LBFGS(p, 0.1, max_iter=3),
    "hook": with_hook,
} | {
    name: partial(getattr(torch.optim, name), lr=0.01)
    for name in (
        *(
            "Adadelta",
            "Adafactor",
            "Adagrad",
            "Adam",
            "Adamax",
            "ASGD",
            "NAdam",
            "RAdam",
        ),
        *("RMSprop", "Rprop"),
    )
}


def advance(network, optimiser):
    def closure():
        optimiser.zero_grad()
        loss = cross_entropy(network, *BATCH)
        loss.backward()
        return loss

    if isinstance(optimiser, torch.optim.LBFGS):
        optimiser.step(closure)
    else:
        closure()
        optimiser.step()
    network.zero_grad()


def assert_same_parameters(network, other):
    pairs = zip(network.named_parameters(), other.parameters(), strict=True)
    for (name, p), q in pairs:
        assert torch.equal(p, q), name


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers(name):
    measured = network()
    optimiser = OPTIMISERS[name](measured.parameters())
    for _ in range(2):
        advance(measured, optimiser)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 1, 0.5)
    attributes = copy.deepcopy(vars(optimiser).get("steps"))
    with unchanged(measured, optimisers=[optimiser]):
        after = measure.after_step(measured, optimiser, cross_entropy, BATCH)
    assert vars(optimiser).get("steps") == attributes
    start = copy.deepcopy(measured)
    advance(measured, optimiser)
    assert_same_parameters(measured, after)
    assert not torch.equal(start[0].weight, after[0].weight)
    scheduler.step()


def test_two_optimisers_clipping_and_accumulation():
    measured = network()
    halves = ([p for p in measured.parameters() if p.ndim == d] for d in (1, 2))
    optimisers = [SGD(next(halves), 0.1), torch.optim.AdamW(next(halves), 0.1)]
    cross_entropy(measured, *BATCH).backward()
    settings = {"before_step": clip, "accumulate": True}
    with unchanged(measured, optimisers=optimisers):
        after = measure.after_step(
            measured, optimisers, cross_entropy, BATCH, **settings
        )
    assert all(p.grad is None for p in after.parameters())
    cross_entropy(measured, *BATCH).backward()
    clip(measured)
    for optimiser in optimisers:
        optimiser.step()
    assert_same_parameters(measured, after)


def test_the_gradients_of_several_batches():
    measured = network()
    optimiser = SGD(measured.parameters(), 0.1)
    other = BATCH[0] + 1, BATCH[1]
    after = measure.after_step(measured, optimiser, cross_entropy, [BATCH, other])
    for inputs, targets in (BATCH, other):
        (cross_entropy(measured, inputs, targets) / 2).backward()
    optimiser.step()
    assert_same_parameters(measured, after)


def test_a_step_before_a_hook_is_replaced():
    """What a function that is a hook does is given as before_step, and is done once."""
    measured = network()
    optimiser = SGD(measured.parameters(), 0.1)
    optimiser.register_step_pre_hook(lambda *_: clip(measured))
    after = measure.after_step(
        measured, optimiser, cross_entropy, BATCH, before_step=clip
    )
    advance(measured, optimiser)
    assert_same_parameters(measured, after)
