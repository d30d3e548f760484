"""Optimisers of torch and of a user: trained, restored, and asked for the next step."""

import copy
import os
import subprocess
import sys

import pytest
import torch
from numerics import double, same, state, walk

from normscape import code, optimisers
from normscape.measure import after_step
from normscape.training import checkpoints

SIGN = """
import torch

class Optimiser(torch.optim.Optimizer):
    def __init__(self, parameters, *, lr, momentum):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "taken": 0})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            group["taken"] += 1
            for parameter in group["params"]:
                velocity = self.state[parameter].get("velocity", 0)
                velocity = group["momentum"] * velocity + parameter.grad
                self.state[parameter] = {"velocity": velocity, "count": group["taken"]}
                parameter -= group["lr"] / group["taken"] * velocity.sign()
"""
CASES = [
    ("vgg", {}),
    ("vgg", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("resnet", {"name": "AdamW", "betas": [0.8, 0.99]}),
    ("vgg", {"name": "RMSprop", "momentum": 0.5}),
    ("vgg", {"name": "Adafactor"}),
    ("dln", {"name": "Muon", "momentum": 0.8}),
    ("vgg", {"name": "sign", "momentum": 0.5}),
]


@pytest.fixture(autouse=True)
def _sign(tmp_path, monkeypatch):
    """An optimiser of a user's, the file sign.py."""
    (tmp_path / "sign.py").write_text(SIGN, encoding="utf-8")
    path = [*optimisers.__path__, str(tmp_path)]
    monkeypatch.setattr(optimisers, "__path__", path)


@pytest.fixture
def started(make_run):
    """started(model, optimiser): a run at step 0, of a network that the optimiser takes."""
    return lambda model, optimiser: make_run(
        model, "none" if model == "dln" else "batch", 1e-3, **optimiser
    )


def everything(run):
    """A copy of all that a checkpoint of a run holds."""
    return copy.deepcopy(checkpoints.state(run))


@pytest.mark.parametrize(("model", "optimiser"), CASES[:-1])
def test_steps_are_torchs(started, model, optimiser):
    run, other = (double(started(model, optimiser)) for _ in range(2))
    settings = {key: value for key, value in optimiser.items() if key != "name"}
    make = getattr(torch.optim, optimiser.get("name", "SGD"))
    expected = make(other.network.parameters(), lr=1e-3, **settings)
    for other.step in range(4):
        expected.zero_grad()
        other.loss(other.network, *other.batch()).backward()
        expected.step()
    assert same(state(walk(run, 4)), state(other))


@pytest.mark.parametrize(("model", "optimiser"), CASES)
def test_a_loaded_run_continues_to_the_same_bits(
    started, make_data, tmp_path, model, optimiser
):
    run = walk(started(model, optimiser), 3)
    checkpoints.save(tmp_path / "step3.safetensors", run)
    loaded = checkpoints.load(tmp_path / "step3.safetensors", make_data(model))
    checkpoints.save(tmp_path / "copy.safetensors", loaded)
    saved = [path.read_bytes() for path in sorted(tmp_path.glob("*.safetensors"))]
    assert saved[0] == saved[1]
    assert same(state(walk(run, 3)), state(walk(loaded, 3)))


@pytest.mark.parametrize(("model", "optimiser"), CASES[1:])
def test_without_its_state_the_steps_are_others(started, model, optimiser):
    run = walk(started(model, optimiser), 3)
    forgetful = started(model, optimiser)
    forgetful.network.load_state_dict(state(run))
    forgetful.step = 3
    assert not same(state(walk(run, 3)), state(walk(forgetful, 3)))


@pytest.mark.parametrize(("model", "optimiser"), CASES)
def test_the_next_step_without_taking_it(started, model, optimiser):
    run = walk(started(model, optimiser), 3)
    before = everything(run)
    for _ in range(2):
        moved = after_step(run.network, run.optimiser, run.loss, run.batch())
    after = everything(run)
    assert same(before[0], after[0])
    assert before[1] == after[1]
    walk(run, 1)
    for parameter, expected in zip(moved.parameters(), run.parameters, strict=True):
        assert torch.equal(parameter, expected)


@pytest.mark.parametrize(("model", "optimiser"), CASES)
def test_its_state_takes_the_precision_of_the_network(started, model, optimiser):
    run = walk(started(model, optimiser), 2)
    walk(run.to(torch.float64), 1)
    for entries in run.optimiser.state.values():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor) and name != "step":
                assert value.dtype == torch.float64


@pytest.mark.parametrize(
    ("name", "norm", "settings", "message"),
    [
        ("SGD", "batch", {"momentum": -1}, "SGD .*momentum.*-1"),
        ("Adam", "batch", {"betas": [0.9]}, "Adam .*"),
        ("Muon", "batch", {}, "Muon .*2D parameters"),
    ],
)
def test_what_torch_refuses_is_one_line(make_run, name, norm, settings, message):
    with pytest.raises(ValueError, match=f"^optimiser: {message}") as error:
        make_run("vgg", norm, name=name, **settings)
    assert "\n" not in str(error.value)


def test_the_first_step_of_a_process_imports_nothing():
    """What torch imports late, each job would import again: it takes seconds."""
    script = """
import sys, torch
from normscape import code, optimisers
loaded = set(sys.modules)
weight = torch.ones(2, requires_grad=True)
optimiser = optimisers.build("SGD", [weight], 0.1, {})
weight.square().sum().backward()
optimiser.step()
optimiser.zero_grad()
optimiser.load_state_dict(optimiser.state_dict())
print(*sorted(set(sys.modules) - loaded))
"""
    environment = os.environ | {"PYTHONPATH": str(code.SRC)}
    call = [sys.executable, "-c", script]
    done = subprocess.run(call, capture_output=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
