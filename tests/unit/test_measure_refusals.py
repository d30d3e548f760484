"""Mistakes of users are one line that says what was expected, and change nothing."""

import copy
import threading
import warnings
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from measuring import cross_entropy, unchanged, vectors
from torch import nn
from torch.utils.checkpoint import checkpoint

from normscape import measure
from normscape.measure import _check


class Dicts(nn.Linear):
    def forward(self, x):
        return {"outputs": super().forward(x)}


NETWORK = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 4)).double()
OTHER = nn.Linear(6, 4).double()
DICTS = Dicts(6, 4).double()
CLAMPED = nn.Linear(6, 4).double()
CLAMPED.weight.register_hook(lambda gradient: gradient.clamp(-1, 1))
INPUTS, TARGETS = BATCH = vectors()
DRAWS = np.random.default_rng(0)


def landscape(
    network=NETWORK, loss=cross_entropy, batch=BATCH, step_sizes=(0.1,), **settings
):
    return measure.landscape(network, loss, batch, step_sizes=step_sizes, **settings)


def ics(after=NETWORK, **settings):
    return measure.ics(NETWORK, cross_entropy, BATCH, after, **settings)


def after_step(optimiser, network=NETWORK, **settings):
    return measure.after_step(network, optimiser, cross_entropy, BATCH, **settings)


def frozen():
    return copy.deepcopy(NETWORK).requires_grad_(False)


def with_lock():
    network = copy.deepcopy(NETWORK)
    network[1].lock = threading.Lock()
    return network


class Reentrant(nn.Sequential):
    def forward(self, x):
        return checkpoint(self[2], self[1](self[0](x)), use_reentrant=True)


class Distributed(nn.parallel.DistributedDataParallel):
    def __init__(self, module):
        nn.Module.__init__(self)
        self.module = module


def hooked():
    optimiser = torch.optim.SGD(NETWORK.parameters(), 0.1)
    optimiser.register_step_pre_hook(lambda *_: None)
    return optimiser


class Locked:
    def __init__(self):
        self.lock = threading.Lock()

    def hook(self, *_):
        pass


def hooked_by_method():
    optimiser = torch.optim.SGD(NETWORK.parameters(), 0.1)
    optimiser.register_step_pre_hook(Locked().hook)
    return optimiser


def outer(network, inputs, targets):
    return F.cross_entropy(NETWORK(inputs), targets)


def outer_penalty(network, inputs, targets):
    penalty = sum(p.square().sum() for p in NETWORK.parameters())
    return F.cross_entropy(network(inputs), targets) + penalty


def loss_of(function):
    return lambda: landscape(loss=function)


MISTAKES = {
    "network: .*Module.*got function": lambda: landscape(lambda x: x),
    "network: .*one process.*network.module": lambda: landscape(Distributed(OTHER)),
    "network: .*in Python.*scripted": lambda: landscape(torch.jit.script(OTHER)),
    "network: .*initialised": lambda: landscape(nn.LazyLinear(4)),
    "network: .*require gradients, got none": lambda: landscape(frozen()),
    r"network: .*1\.lock": lambda: landscape(with_lock()),
    "network: .*use_reentrant=False": lambda: landscape(Reentrant(*NETWORK)),
    "network: .*hooks of gradients.*weight.*before_step": lambda: after_step(
        sgd_of(CLAMPED), CLAMPED
    ),
    "loss: .*function.*got Tensor": loss_of(torch.ones(())),
    "loss: .*scalar tensor, got tuple": loss_of(lambda f, x, y: (f(x).mean(), 0)),
    "loss: .*scalar tensor, got float": loss_of(lambda f, x, y: f(x).mean().item()),
    r"loss: .*shape \(8,\)": loss_of(lambda f, x, y: f(x).sum(1)),
    "loss: .*real.*complex128": loss_of(lambda f, x, y: f(x).mean() + 0j),
    "loss: .*network and the 2 items": loss_of(lambda f, x: f(x).mean()),
    "loss: .*network and the 2 items.*input": loss_of(nn.CrossEntropyLoss()),
    "loss: .*original network": loss_of(outer),
    "loss: .*original network; ": loss_of(outer_penalty),
    "loss: .*does not depend": loss_of(lambda f, x, y: OTHER(x).mean()),
    "loss: .*does not depend.*without": loss_of(lambda f, x, y: f(x).detach().mean()),
    "loss: .*same value": loss_of(lambda f, x, y: f(x).mean() * DRAWS.random()),
    r"batch: .*got Tensor; write \(batch,\)": lambda: landscape(batch=INPUTS),
    "batch: .*got dict": lambda: landscape(batch={"x": INPUTS}),
    "batch: .*list of batches": lambda: measure.fold_batch_norm(
        NETWORK, cross_entropy, [BATCH, BATCH]
    ),
    "step_sizes: .*list of numbers": lambda: landscape(step_sizes=0.1),
    "direction: .*6 tensors": lambda: landscape(direction=[INPUTS]),
    "after: .*copy of the network": lambda: ics(OTHER),
    "after: .*Module, got OrderedDict": lambda: ics(NETWORK.state_dict()),
    "after: .*6 parameters .*got a Linear": lambda: measure.activations(
        NETWORK, cross_entropy, BATCH, OTHER
    ),
    "parameters: .*'weights'": lambda: ics(parameters="weights"),
    "layers: .*'conv9'": lambda: ics(layers="conv9"),
    "layers: .*names.*got 0": lambda: ics(layers=[0]),
    "layers: .*real tensor.*got dict of ''": lambda: measure.activations(
        DICTS, lambda f, x, y: F.cross_entropy(f(x)["outputs"], y), BATCH, DICTS
    ),
    "layers: .*that are trained, got '0'": lambda: measure.ics(
        frozen_first(), cross_entropy, BATCH, NETWORK, layers="0"
    ),
    "max_products: ": lambda: measure.curvature(
        NETWORK, cross_entropy, BATCH, max_products=0
    ),
    "method: .*'exact'": lambda: measure.curvature(
        NETWORK, cross_entropy, BATCH, method="fast"
    ),
    "optimiser: .*Optimizer.*got float": lambda: after_step(0.1),
    "optimiser: .*none of the network's parameters": lambda: after_step(sgd_of(OTHER)),
    "optimiser: .*step hooks.*before_step": lambda: after_step(hooked()),
    "optimiser: .*step hooks.*before_step=": lambda: after_step(hooked_by_method()),
    "rows: .*direction 'random'": lambda: measure.ranges(landscape(), "random"),
    "rows: .*above 0": lambda: measure.ranges(landscape(step_sizes=[0])),
    "rows: .*dicts, got list": lambda: measure.flat(([], []), "a"),
    "rows: .*two of": lambda: measure.flat([{"left": 0.0}, {"left": 1.0}], "a"),
}


def sgd_of(network):
    return torch.optim.SGD(network.parameters(), 0.1)


def frozen_first():
    network = copy.deepcopy(NETWORK)
    network[0].requires_grad_(False)
    return network


@pytest.mark.parametrize("line", MISTAKES)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_mistake_is_one_line(line):
    with (
        unchanged(NETWORK, OTHER),
        pytest.raises((TypeError, ValueError), match=line) as raised,
    ):
        MISTAKES[line]()
    assert "\n" not in str(raised.value)


def zeta(network, inputs, targets):
    return torch.special.zeta(network(inputs).square() + 2, inputs[:, :4]).mean()


def test_an_operation_without_a_second_derivative_is_named():
    network = nn.Sequential(nn.Linear(6, 8), nn.Hardsigmoid(), nn.Linear(8, 4)).double()
    arguments = network, cross_entropy, BATCH
    with pytest.raises(ValueError, match="hardsigmoid.*method=.difference"):
        measure.curvature(*arguments)
    with pytest.raises(ValueError, match="hardsigmoid"):
        measure.invariance(*arguments, network)
    with pytest.raises(ValueError, match="got zeta, for"):
        measure.curvature(OTHER, zeta, BATCH)
    row, *_ = measure.invariance(*arguments, network, method="difference")
    assert row["gradient_curvature"] == row["gradient_curvature"]


def test_what_is_measured_otherwise_than_expected_is_said():
    """Each as one warning at the line of the call."""
    two = nn.ModuleDict({"used": nn.Linear(6, 4), "idle": nn.Linear(6, 4)}).double()

    def loss(network, inputs, targets):
        return F.cross_entropy(network["used"](inputs), targets)

    recorded = nn.Sequential(nn.Linear(6, 4)).double()
    calls = []
    recorded[0].register_forward_hook(lambda *_: calls.append(1))
    warned = copy.deepcopy(NETWORK)
    cross_entropy(warned, *BATCH).backward()
    diverged = copy.deepcopy(OTHER)
    nn.init.constant_(diverged.weight, torch.nan)
    for line, call in {
        "idle.weight, idle.bias": lambda: landscape(two, loss),
        "hooks do not run.* 0": lambda: landscape(recorded),
        "does not move 0.weight": lambda: after_step(
            torch.optim.SGD(NETWORK[2].parameters(), 0.1)
        ),
        "holds gradients": lambda: after_step(sgd_of(warned), warned),
        "finite number, got nan": lambda: landscape(diverged),
    }.items():
        with pytest.warns(UserWarning, match=line) as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__] * len(caught)
    assert calls == []


def test_no_grad_around_and_inference_mode_do_not_matter():
    expected = landscape()
    for context in (torch.no_grad(), torch.inference_mode()):
        with context, warnings.catch_warnings():
            warnings.simplefilter("error")
            assert landscape(batch=vectors()) == expected


def test_a_loss_of_reduced_precision_is_said():
    """Once, for the type of parameters and for autocast, which leaves float64 alone."""

    def autocast(network, inputs, targets):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return cross_entropy(network, inputs, targets)

    def measured(dtype, loss=cross_entropy):
        network = copy.deepcopy(NETWORK).to(dtype)
        return landscape(network, loss, (INPUTS.to(dtype), TARGETS), [1e-6])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = measured(torch.float64)
        assert measured(torch.float64, autocast) == expected
        measured(torch.float32)
    with pytest.warns(UserWarning, match=r"bfloat16.*double\(\)") as caught:
        rounded = measured(torch.float32, autocast)
    assert [warning.filename for warning in caught] == [__file__]
    half = copy.deepcopy(NETWORK).half(), cross_entropy, (INPUTS.half(), TARGETS)
    for call in (partial(landscape, *half), partial(measure.fold_batch_norm, *half)):
        with pytest.warns(UserWarning, match="float16") as caught:
            call()
        assert len(caught) == 1
    change = expected[0]["gradient_change"]
    assert rounded[0]["gradient_change"] != pytest.approx(change, rel=0.5)


def test_tf32_is_said(monkeypatch):
    """It is PyTorch's default for convolutions of float32 on CUDA."""
    cuda, cpu = {torch.device("cuda")}, {torch.device("cpu")}
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with pytest.warns(UserWarning, match="TF32"):
        _check.no_tf32(cuda, {torch.float32})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _check.no_tf32(cuda, {torch.float64})
        _check.no_tf32(cpu, {torch.float32})
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
        _check.no_tf32(cuda, {torch.float32})
