"""Optimisers against torch's own, and what a run keeps of their state."""

import copy

import pytest
import torch
from numerics import same, state, walk
from torch import nn

from normscape import optimisers, parts
from normscape.training import checkpoints

CASES = [
    ("sgd", {}, torch.optim.SGD, {}),
    ("sgd", {"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9}),
    ("adam", {}, torch.optim.Adam, {}),
    (
        "adam",
        {"beta1": 0.5, "beta2": 0.7, "eps": 0.1},
        torch.optim.Adam,
        {"betas": (0.5, 0.7), "eps": 0.1},
    ),
    ("adam", {"beta1": 0, "beta2": 0}, torch.optim.Adam, {"betas": (0.0, 0.0)}),
]
OF_RUNS = [{"momentum": 0}, {"momentum": 0.9}, {"name": "adam"}]


def build(name, settings):
    return optimisers.build(name, parts.defaults("optimisers", name) | settings)


def small_network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    inputs, targets = torch.randn(16, 4).double(), torch.randn(16, 3).double()
    return network, lambda: (network(inputs) - targets).square().sum()


@pytest.mark.parametrize(("name", "settings", "of_torch", "its_settings"), CASES)
def test_five_steps_are_torchs(name, settings, of_torch, its_settings):
    (ours, our_loss), (theirs, their_loss) = small_network(), small_network()
    parameters = list(ours.parameters())
    optimiser = build(name, settings)
    of_optimiser = optimiser.init(parameters)
    expected = of_torch(theirs.parameters(), lr=0.01, **its_settings)
    for _ in range(5):
        gradient = list(torch.autograd.grad(our_loss(), parameters))
        step, of_optimiser = optimiser.update(gradient, of_optimiser)
        with torch.no_grad():
            for parameter, change in zip(parameters, step, strict=True):
                parameter -= 0.01 * change
        expected.zero_grad()
        their_loss().backward()
        expected.step()
        for a, b in zip(parameters, theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "settings"), [case[:2] for case in CASES])
def test_an_update_changes_neither_argument(name, settings):
    optimiser = build(name, settings)
    parameters = [torch.zeros(3, 2), torch.zeros(5)]
    _, before = optimiser.update(
        [torch.randn_like(p) for p in parameters], optimiser.init(parameters)
    )
    gradient = [torch.randn_like(p) for p in parameters]
    arguments = {"gradient": gradient, **before}
    copies = copy.deepcopy(arguments)
    first, after = optimiser.update(gradient, before)
    assert after.keys() == before.keys()
    for key, tensors in arguments.items():
        assert all(map(torch.equal, tensors, copies[key]))
    # so that the same question has the same answer
    again, _ = optimiser.update(gradient, before)
    assert all(map(torch.equal, first, again))


@pytest.mark.parametrize("optimiser", OF_RUNS)
def test_asking_for_a_step_takes_none(make_run, optimiser):
    """A probe asks; the run, its state and its next steps stay as they were."""
    run = walk(make_run(**optimiser), 3)
    before = {k: v.clone() for k, v in checkpoints.tensors_of(run).items()}
    gradient = run.loss_and_gradient(copy.deepcopy(run.network))[2]
    for _ in range(2):
        run.step_for(gradient)
    assert run.step == 3
    assert same(before, checkpoints.tensors_of(run))
    undisturbed = walk(make_run(**optimiser), 5)
    assert same(state(walk(run, 2)), state(undisturbed))


@pytest.mark.parametrize("optimiser", OF_RUNS)
def test_a_restored_run_continues_to_the_same_bits(make_run, optimiser):
    """Network and optimiser, from tensors that the run itself no longer touches."""
    run = walk(make_run(**optimiser), 3)
    kept = {k: v.clone() for k, v in checkpoints.tensors_of(run).items()}
    restored = walk(make_run(**optimiser), 1)
    checkpoints.restore(restored, kept, 3)
    ends = [checkpoints.tensors_of(walk(r, 3)) for r in (run, restored)]
    assert same(*ends)
    # The optimiser's part matters: without it the end is another.
    if optimiser != {"momentum": 0}:
        forgetful = make_run(**optimiser)
        network = {k: v for k, v in kept.items() if k.startswith("network.")}
        checkpoints.restore(forgetful, checkpoints.tensors_of(forgetful) | network, 3)
        assert not same(state(run), state(walk(forgetful, 3)))
