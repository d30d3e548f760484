"""Measurements of other people's networks: by hand, and that they leave no trace."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from measuring import cross_entropy, everything, unchanged
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

from normscape import code, measure


def resnet() -> ResNet:
    """Torchvision's, cut to half, with random numbers of its own: dropout before the end."""
    torch.manual_seed(0)
    network = ResNet(BasicBlock, [1, 1, 1, 1])
    network.layer3 = network.layer4 = nn.Identity()
    network.fc = nn.Sequential(nn.Dropout(), nn.Linear(128, 4))
    return network


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(inplace=True),
        nn.Conv2d(2, 2, 3),
        nn.GroupNorm(1, 2),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


def images(count=8, side=16, dtype=torch.float32):
    draws = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, 3, side, side, generator=draws, dtype=dtype)
    return inputs, torch.arange(count) % 4


def momentum(network, steps=0, batch=None):
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    for _ in range(steps):
        advance(network, optimiser, batch)
    return optimiser


def advance(network, optimiser, batch):
    optimiser.zero_grad()
    cross_entropy(network, *batch).backward()
    optimiser.step()


@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_changed_and_all_can_be_repeated(training):
    """Of a torchvision ResNet amid a training, with dropout."""
    network, batch = resnet(), images()
    optimiser = momentum(network, 1, batch)
    network.train(training)
    network.fc[0].train()
    with unchanged(network, optimisers=[optimiser]):
        first = everything(network, optimiser, batch)
    assert all(p.requires_grad for p in network.parameters())
    assert everything(network, optimiser, batch) == first


def test_training_goes_on_as_if_nothing_had_been_measured():
    batch = images()
    measured, undisturbed = resnet(), resnet()
    pairs = [(n, momentum(n)) for n in (measured, undisturbed)]
    for network, optimiser in pairs:
        torch.manual_seed(2)
        for _ in range(2):
            if network is measured:
                everything(network, optimiser, batch)
            advance(network, optimiser, batch)
    for name, value in measured.state_dict().items():
        assert torch.equal(value, undisturbed.state_dict()[name]), name


# A ResNet's layers by hand: each convolution with the batch norm of its number.
LAYERS = [
    ("conv1", "bn1"),
    ("layer1.0.conv1", "layer1.0.bn1"),
    ("layer1.0.conv2", "layer1.0.bn2"),
    ("layer2.0.conv1", "layer2.0.bn1"),
    ("layer2.0.conv2", "layer2.0.bn2"),
    ("layer2.0.downsample.0", "layer2.0.downsample.1"),
    ("fc.1", "fc.1"),
]


def test_the_layers_of_a_resnet():
    network = resnet()
    parameters = [name for name, _ in network.named_parameters()]
    rows = measure.layers(network, cross_entropy, images())
    assert [(row["name"], row["norm"] or row["name"]) for row in rows] == LAYERS
    for row, modules in zip(rows, LAYERS, strict=True):
        places = tuple(f"{module}." for module in modules)
        assert row["parameters"] == [n for n in parameters if n.startswith(places)]


@pytest.fixture
def after_two_steps():
    """A ResNet in float64, its optimiser and batch, and the network after the next step."""
    network, batch = resnet().double(), images(dtype=torch.float64)
    network.fc[0].p = 0.0
    optimiser = momentum(network, 2, batch)
    optimiser.zero_grad()
    after = measure.after_step(network, optimiser, cross_entropy, batch)
    return network, optimiser, batch, after


def value_and_gradient(network, parameters, batch):
    """At other parameters, by name."""
    parameters = {n: p.detach().requires_grad_() for n, p in parameters.items()}
    buffers = {n: b.clone() for n, b in network.named_buffers()}
    outputs = torch.func.functional_call(network, (parameters, buffers), batch[0])
    loss = F.cross_entropy(outputs, batch[1])
    gradient = torch.autograd.grad(loss, list(parameters.values()))
    return float(loss.detach()), dict(zip(parameters, gradient, strict=True))


def test_internal_covariate_shift_by_whole_networks(after_two_steps):
    network, _, batch, after = after_two_steps
    mixed = dict(network.named_parameters())
    moved = dict(after.named_parameters())
    _, before = value_and_gradient(network, mixed, batch)
    rows = measure.ics(network, cross_entropy, batch, after)
    assert len(rows) == len(LAYERS)
    for number, (row, modules) in enumerate(zip(rows, LAYERS, strict=True), start=1):
        name = f"{modules[0]}.weight"
        _, now = value_and_gradient(network, mixed, batch)
        old, new = before[name].flatten(), now[name].flatten()
        assert row["layer"] == number
        assert row["gradient_norm"] == pytest.approx(float(old.norm()), rel=1e-9)
        difference = float((new - old).norm())
        assert row["gradient_change"] == pytest.approx(difference, rel=1e-6, abs=1e-12)
        cosine = float(new @ old / new.norm() / old.norm())
        assert row["cosine"] == pytest.approx(cosine, rel=1e-9)
        mixed |= {
            n: p
            for n, p in moved.items()
            if n.startswith(tuple(f"{m}." for m in modules))
        }


def test_the_landscape_by_whole_networks(after_two_steps):
    network, _, batch, _ = after_two_steps
    start = dict(network.named_parameters())
    loss, gradient = value_and_gradient(network, start, batch)
    sizes = [0.05, 0.4]
    rows = measure.landscape(
        network,
        cross_entropy,
        batch,
        step_sizes=sizes,
        random_directions=1,
        relative_step_sizes=[0.1],
    )
    directions = [row["direction"] for row in rows]
    assert directions == [*["gradient"] * 2, *["random"] * 2, "relative"]
    for size, row in zip(sizes, rows, strict=False):
        moved = {n: p - size * gradient[n] for n, p in start.items()}
        moved_loss, new = value_and_gradient(network, moved, batch)
        change = sum(float((new[n] - gradient[n]).square().sum()) for n in new) ** 0.5
        assert row["start_loss"] == pytest.approx(loss, rel=1e-9)
        assert row["loss"] == pytest.approx(moved_loss, rel=1e-9)
        assert row["gradient_change"] == pytest.approx(change, rel=1e-9)
    length = sum(float(g.square().sum()) for g in gradient.values()) ** 0.5
    assert rows[2]["distance"] == pytest.approx(sizes[0] * length)
    weights = sum(
        float(start[f"{linear}.weight"].detach().square().sum()) for linear, _ in LAYERS
    )
    assert rows[4]["distance"] == pytest.approx(0.1 * weights**0.5)


def test_random_numbers_are_the_same_in_each_evaluation():
    """At a step of size 0 dropout drops the same, so that loss and gradient are equal."""
    (row,) = measure.landscape(resnet(), cross_entropy, images(), step_sizes=[0.0])
    assert row["loss"] == row["start_loss"]
    assert row["gradient_change"] == 0


def test_activations_by_hand(after_two_steps):
    network, _, batch, after = after_two_steps
    moments, histograms = measure.activations(
        network, cross_entropy, batch, after, bins=7
    )
    now, then = copy.deepcopy(network), copy.deepcopy(after)
    outputs = {}
    for state in (now, then):
        for module in (state.bn1, state.layer1[0].bn2, state.fc[1]):
            module.register_forward_hook(
                lambda module, _, output: outputs.__setitem__(module, output.clone())
            )
        state(batch[0])
    rows = {(row["layer"], row["scope"]): row for row in moments}
    for number, name in ((1, "bn1"), (3, "layer1.0.bn2"), (7, "fc.1")):
        activation = outputs[now.get_submodule(name)]
        row = rows[number, "layer"]
        assert row["mean"] == pytest.approx(
            activation.mean().item(), rel=1e-9, abs=1e-12
        )
        unit = rows[number, "unit"]
        values = activation[:, unit["unit"]]
        assert unit["variance"] == pytest.approx(float(values.var(correction=0)))
        following = outputs[then.get_submodule(name)][:, unit["unit"]]
        assert unit["next_mean"] == pytest.approx(float(following.mean()), abs=1e-12)
    # Behind its batch norm the mean of a unit is beta; before it is not.
    unit = rows[1, "unit"]["unit"]
    assert rows[1, "unit"]["mean"] == pytest.approx(float(network.bn1.bias[unit]))
    assert abs(rows[1, "input"]["mean"] - rows[1, "unit"]["mean"]) > 1e-3
    assert len(histograms) == 2 * 7 * len(LAYERS)


def test_invariance_of_a_resnet(after_two_steps):
    """All but the last layer stand before a batch norm."""
    network, _, batch, after = after_two_steps
    *hidden, last = measure.invariance(network, cross_entropy, batch, after)
    assert (
        max(abs(row["weight_gradient_cosine"]) for row in hidden) < 1e-3
    )  # eps counts
    assert abs(last["weight_gradient_cosine"]) > 1e-2
    w, moved = network.conv1.weight, after.conv1.weight
    update = float((moved - w).norm() / w.norm())
    assert hidden[0]["relative_update"] == pytest.approx(update, rel=1e-9)


def test_curvature_against_the_dense_hessian():
    network, batch = small().double(), images(side=8, dtype=torch.float64)
    names = [name for name, _ in network.named_parameters()]
    sizes = [p.shape for p in network.parameters()]

    def loss(vector):
        pieces = vector.split([shape.numel() for shape in sizes])
        values = {
            n: piece.view(shape)
            for n, piece, shape in zip(names, pieces, sizes, strict=True)
        }
        outputs = torch.func.functional_call(copy.deepcopy(network), values, batch[0])
        return F.cross_entropy(outputs, batch[1])

    start = torch.cat([p.detach().flatten() for p in network.parameters()])
    matrix = torch.autograd.functional.hessian(loss, start)
    (g,) = torch.autograd.grad(loss(start.requires_grad_()), start)
    row = measure.curvature(network, cross_entropy, batch, tolerance=1e-9)
    largest = float(torch.linalg.eigvalsh(matrix)[-1])
    assert row["largest_eigenvalue"] == pytest.approx(largest, rel=1e-9)
    assert row["residual"] < 1e-8
    by_hand = float(g @ matrix @ g / (g @ g))
    assert row["gradient_curvature"] == pytest.approx(by_hand, rel=1e-9)


class Quadratic(nn.Module):
    """x'Ax / 2, whose Hessian is A."""

    def __init__(self, matrix):
        super().__init__()
        self.x = nn.Parameter(torch.ones(len(matrix), dtype=torch.double))
        self.register_buffer("matrix", matrix)

    def forward(self):
        return self.x @ self.matrix @ self.x / 2


def curvature_of(matrix, **settings):
    matrix = torch.as_tensor(matrix, dtype=torch.double)
    return measure.curvature(Quadratic(matrix), lambda f: f(), (), **settings)


@pytest.mark.parametrize("size", [1, 2, 9, 10, 60, 500])
def test_the_largest_eigenvalue_of_matrices(size):
    draws = np.random.default_rng(size)
    basis = np.linalg.qr(draws.standard_normal((size, size)))[0]
    matrix = (basis * draws.standard_normal(size) ** 3) @ basis.T
    largest = np.linalg.eigvalsh(matrix)[-1]
    for tolerance in (1e-3, 1e-9):
        row = curvature_of(matrix, tolerance=tolerance)
        assert row["largest_eigenvalue"] == pytest.approx(largest, rel=tolerance)
        assert row["residual"] < 2 * tolerance
        assert row["converged"] == 1


@pytest.mark.parametrize("factor", [-2.0, 0.0, 1.0])
def test_the_start_is_an_eigenvector(factor):
    row = curvature_of(factor * np.eye(5))
    assert row["largest_eigenvalue"] == pytest.approx(factor)
    assert row["residual"] == pytest.approx(0, abs=1e-12)


def test_the_residual_of_a_negative_eigenvalue_is_positive():
    row = curvature_of(-np.diag(np.linspace(1, 2, 60)), tolerance=0.1)
    assert row["largest_eigenvalue"] == pytest.approx(-1, rel=0.1)
    assert 0 < row["residual"] < 0.2


def test_differences_of_gradients_where_all_parameters_are_0():
    network = Quadratic(torch.diag(torch.tensor([1.0, 3.0]).double()))
    nn.init.zeros_(network.x)
    row = measure.curvature(network, lambda f: f(), (), method="difference")
    assert row["largest_eigenvalue"] == pytest.approx(3)


def test_too_few_products():
    row = curvature_of(np.diag(np.linspace(0, 1, 500)), max_products=30)
    assert (row["converged"], row["products"]) == (0, 30)
    assert np.isnan([row["largest_eigenvalue"], row["residual"]]).all()
    assert row["gradient_curvature"] > 0


class Encoder(nn.Module):
    """A transformer: attention, whose linear maps are not called, and a custom normaliser."""

    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.zeros(4, 8))
        self.embed = nn.Linear(3, 8)
        self.norm = Shift(8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.block(self.norm(self.embed(x)) + self.places).mean(1))


class Shift(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return x - x.mean(-1, keepdim=True) + self.beta


def test_a_transformer():
    """Each parameter belongs to one layer; attention can be differentiated twice."""
    torch.manual_seed(0)
    network = Encoder()
    batch = torch.randn(6, 4, 3), torch.arange(6) % 4
    layers = measure.layers(network, cross_entropy, batch)
    assert [(row["name"], row["norm"]) for row in layers] == [
        ("embed", "norm"),
        ("block.linear1", None),
        ("block.linear2", None),
        ("head", None),
    ]
    owned = [name for row in layers for name in row["parameters"]]
    assert sorted(owned) == sorted(name for name, _ in network.named_parameters())
    assert "block.self_attn.out_proj.weight" in layers[0]["parameters"]
    optimiser = torch.optim.Adam(network.parameters())
    rows = everything(network, optimiser, batch)
    moments, _ = rows["activations"]
    assert all(row["unit"] < 16 for row in moments if row["scope"] == "unit")
    assert rows["curvature"]["largest_eigenvalue"] > 0


def test_frozen_parameters_stay_out():
    network, batch = small(), images(side=8)
    for parameter in network[:2].parameters():
        parameter.requires_grad_(False)
    rows = everything(network, torch.optim.SGD(network.parameters(), 0.1), batch)
    assert [row["layer"] for row in rows["ics"]] == [1, 2]
    assert rows["ics"][0]["gradient_change"] == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(
            p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1
        ),
        lambda p: torch.optim.AdamW(p, 0.01),
    ],
)
def test_the_step_that_training_takes_next(make):
    """Also where a scheduler has wrapped the optimiser's step."""
    network, batch = small(), images(side=8)
    optimiser = make(network.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 1, 0.5)
    for _ in range(2):
        advance(network, optimiser, batch)
        scheduler.step()
    optimiser.zero_grad()
    after = measure.after_step(network, optimiser, cross_entropy, batch)
    before = copy.deepcopy(network.state_dict())
    advance(network, optimiser, batch)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, dict(after.named_parameters())[name])
        assert not torch.equal(parameter, before[name])


# Libraries that measuring must not need.
OTHERS = [
    *("pandas", "snakemake", "yaml", "matplotlib", "sklearn", "safetensors"),
    *("torchvision", "jsonschema", "pooch", "rocrate", "PIL"),
]


def test_an_optimiser_of_another_copy_takes_no_step():
    """A copy in float64 has other parameters, which would stay where they are."""
    network = nn.Linear(2, 1)
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    copied = copy.deepcopy(network).double()
    with pytest.raises(ValueError, match="none of the network's parameters"):
        measure.after_step(copied, optimiser, lambda f, x: f(x).sum(), [torch.ones(2)])


def test_measuring_needs_torch_numpy_and_scipy_alone():
    """All five, in an interpreter in which nothing else can be imported."""
    script = f"""
import sys
for name in {OTHERS!r}: sys.modules[name] = None
import torch
from normscape import measure
network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))
loss = lambda network, x: network(x).square().mean()
batch = [torch.randn(5, 3)]
after = measure.after_step(network, torch.optim.SGD(network.parameters(), 0.1), loss, batch)
measure.landscape(network, loss, batch, step_sizes=[0.1], random_directions=1, relative_step_sizes=[0.1])
measure.ics(network, loss, batch, after)
measure.activations(network, loss, batch, after)
measure.invariance(network, loss, batch, after)
measure.curvature(network, loss, batch)
print("measured", *[name for name in {OTHERS!r} if sys.modules[name] is not None])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(code.SRC)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "measured\n"


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.\d+|\d+", text)]


def test_the_page_of_the_docs(capsys):
    """What the example prints, and the table of calls, call by call."""
    page = Path("docs/measure.md").read_text(encoding="utf-8")
    example, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(example, names)
    actual = capsys.readouterr().out
    assert re.sub(r"[\d.]+", "", actual) == re.sub(r"[\d.]+", "", printed)
    assert numbers(actual) == pytest.approx(numbers(printed), rel=0.05, abs=0.02)
    calls = re.findall(r"\| `(\w+\(.*?\))` \|", page)
    assert {call.split("(")[0] for call in calls} == {*measure.__all__} - {
        "Layer",
        "Stage",
    }
    names |= {name: getattr(measure, name) for name in measure.__all__}
    names["network"] = small()
    ends = nn.Flatten(), nn.Linear(144, 10)
    names["plain"] = nn.Sequential(nn.Conv2d(3, 4, 3), *ends)
    names["with_norm"] = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), *ends)
    names["batch"] = images(side=8)
    names["optimiser"] = torch.optim.SGD(names["network"].parameters(), 0.1)
    names["landscape_rows"] = names["rows"]
    names["after"] = small()
    results = {call: eval(call, names) for call in calls}
    assert all(results.values())
    # The tables of columns: each column stands in one of its function's table.
    tables = re.split(r"\n\n", page)
    for call, rows in results.items():
        name = call.split("(")[0]
        columns = next((t for t in tables if t.startswith(f"| `{name}` |")), None)
        if columns:
            rows = rows if isinstance(rows, tuple) else (rows,)
            actual = [each[0] if isinstance(each, list) else each for each in rows]
            expected = {key for row in actual for key in row} - {"layer", "name"}
            named = re.findall(r"`(\w+)`", columns)
            assert expected <= set(named), name
