"""Curvature against dense Hessians, differences, power iteration and closed forms."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from numerics import double, untouched, walk

from normscape.probes import curvature
from normscape.training.run import Run

CASES = [
    ("vgg", "none", {}),
    ("vgg", "batch", {"momentum": 0.9, "l2_penalty": 0.01}),
    ("vgg", "noisy_batch", {"name": "Adam"}),
    ("vgg", "l1", {}),
    ("resnet", "none", {}),
    ("resnet", "batch", {"l2_penalty": 0.1}),
    ("resnet", "l2", {}),
    ("resnet", "linf", {}),
    ("dln", "none", {}),
    ("dln", "batch", {}),
    ("dln", "l1", {}),
    ("dln", "linf", {}),
]


def at_step(make_run, model, norm, optimiser=None):
    """In float64, after three steps."""
    lr = 1e-3 if model == "dln" else 0.01
    return walk(double(make_run(model, norm, lr, **optimiser or {})), 3)


def with_network(run, data, **network):
    """The same run from its start in float64, with other settings of its network."""
    spec = dataclasses.replace(run.spec, network=run.spec.network | network)
    return double(Run(spec, data))


def curvature_of(run, tolerance=1e-10):
    (row,) = curvature.measure(run, tolerance=tolerance)["curvature"]
    return row


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def gradient_at(run, vector):
    """The gradient that training would follow if its parameters were this vector."""
    network = copy.deepcopy(run.network)
    with torch.no_grad():
        sizes = [p.numel() for p in network.parameters()]
        pieces = zip(network.parameters(), vector.split(sizes), strict=True)
        for parameter, piece in pieces:
            parameter.copy_(piece.view_as(parameter))
    loss = run.loss(network, *run.batch())
    return flat(torch.autograd.grad(loss, list(network.parameters())))


def loss_of(run):
    """The loss as a function of all parameters as a vector, of a copy of the network."""
    network = copy.deepcopy(run.network)
    named = dict(network.named_parameters())
    inputs, targets = run.batch()
    decay = run.spec.optimiser["l2_penalty"] / 2
    layer_weights = [
        f"{name}.weight" for name, m in network.named_modules() if is_layer(m)
    ]

    def loss(vector):
        pieces = vector.split([p.numel() for p in named.values()])
        values = {
            name: piece.view_as(p)
            for (name, p), piece in zip(named.items(), pieces, strict=True)
        }
        outputs = torch.func.functional_call(network, values, (inputs,))
        penalty = sum(values[name].square().sum() for name in layer_weights)
        return network.loss(outputs, targets) + decay * penalty

    return loss


def is_layer(module):
    return isinstance(module, (torch.nn.Linear, torch.nn.Conv2d))


def dense(function, at):
    matrix = torch.autograd.functional.hessian(function, at)
    assert torch.allclose(matrix, matrix.T, rtol=1e-9, atol=1e-9 * matrix.abs().max())
    return matrix


@pytest.mark.parametrize(
    ("model", "norm", "optimiser"),
    [
        ("resnet", "none", {"batch_size": 16}),
        ("resnet", "batch", {"batch_size": 16, "l2_penalty": 0.1}),
        ("dln", "none", {"l2_penalty": 10.0}),
        ("dln", "batch", {}),
    ],
)
def test_against_the_dense_hessian(make_run, make_data, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    if model == "resnet":
        data = make_data(model)
        data["train_inputs"] = data["train_inputs"][:, ::2, ::2]
        run = walk(with_network(run, data, width=1), 3)
    start = flat(run.parameters)
    matrix = dense(loss_of(run), start)
    eigenvalues = torch.linalg.eigvalsh(matrix)
    largest = float(eigenvalues[-1])
    row = curvature_of(run)
    assert row["largest_eigenvalue"] == pytest.approx(largest, rel=1e-9)
    assert row["residual"] < 1e-9
    g = gradient_at(run, start)
    by_hand = float(g @ matrix @ g / (g @ g))
    assert row["gradient_curvature"] == pytest.approx(by_hand, rel=1e-9)

    rough = curvature_of(run, tolerance=1e-3)
    assert rough["residual"] < 2e-3
    assert rough["products"] <= row["products"]
    distances = (eigenvalues - rough["largest_eigenvalue"]).abs()
    bound = rough["residual"] * rough["largest_eigenvalue"]
    assert distances.min() <= bound * (1 + 1e-9)
    assert rough["largest_eigenvalue"] == pytest.approx(largest, rel=1e-4)


def lp_normalised(norm, y):
    """y of shape (samples, features), by the formula of Figure 5's caption."""
    scale = {
        "l1": lambda: y.abs().mean(0),
        "l2": lambda: y.square().mean(0).sqrt(),
        "linf": lambda: y.abs().max(0).values,
    }[norm]()
    return (y - y.mean(0)) / (scale**2 + 1e-5).sqrt()


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_lp_norms_against_the_dense_hessian_of_their_formula(make_run, norm):
    """Of a deep linear network, written down again; its first parameter is W_1."""
    run = at_step(make_run, "dln", norm)
    inputs, targets = run.batch()
    depth, features = len(run.network.layers), inputs.shape[1]
    sizes = [p.numel() for p in run.parameters]

    def loss(vector):
        pieces = list(vector.split(sizes))
        y = inputs
        for _ in range(depth - 1):
            weight, gamma, beta = (pieces.pop(0) for _ in range(3))
            y = lp_normalised(norm, y @ weight.view(features, features).T)
            y = gamma * y + beta
        return (y @ pieces.pop(0).view(features, features).T - targets).square().sum()

    start = flat(run.parameters)
    assert float(loss(start)) == pytest.approx(float(run.loss_and_gradient()[0]))
    matrix = dense(loss, start)
    row = curvature_of(run)
    assert row["largest_eigenvalue"] == pytest.approx(
        float(torch.linalg.eigvalsh(matrix)[-1]), rel=1e-9
    )
    g = gradient_at(run, start)
    by_hand = float(g @ matrix @ g / (g @ g))
    assert row["gradient_curvature"] == pytest.approx(by_hand, rel=1e-8)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_along_the_gradient_it_is_the_change_of_the_training_gradient(
    make_run, model, norm, optimiser
):
    """By central differences of what training follows: its batch, noise and penalty."""
    run = at_step(make_run, model, norm, optimiser)
    start = flat(run.parameters)
    g = gradient_at(run, start)
    u = g / g.norm()
    size = 1e-8 * float(start.norm())  # more would cross kinks
    before, after = (gradient_at(run, start + s * size * u) for s in (-1, 1))
    by_hand = float(u @ (after - before)) / (2 * size)
    assert curvature_of(run, 0.1)["gradient_curvature"] == pytest.approx(
        by_hand, rel=1e-6
    )


@pytest.mark.parametrize(
    ("model", "norm"), [("resnet", "none"), ("vgg", "batch"), ("dln", "batch")]
)
def test_against_power_iteration(make_run, model, norm):
    run = at_step(make_run, model, norm)
    loss, start = loss_of(run), flat(run.parameters)

    def dominant(shift):
        """The eigenvalue of H - shift that is largest in size."""
        v = torch.randn(
            start.shape, dtype=start.dtype, generator=torch.Generator().manual_seed(1)
        )
        value = math.nan
        for _ in range(400):
            v = v / v.norm()
            product = torch.autograd.functional.hvp(loss, start, v)[1] - shift * v
            value, last = float(v @ product), value
            if abs(value - last) < 1e-9 * abs(value):
                break
            v = product
        return value

    largest = dominant(0)
    if largest < 0:
        largest += dominant(largest)
    assert curvature_of(run)["largest_eigenvalue"] == pytest.approx(largest, rel=1e-6)


def test_of_one_linear_layer_it_is_that_of_least_squares(make_run, make_data):
    """H = 2 X'X for each output, plus the weight decay."""
    data = make_data("dln")
    run = make_run("dln", "none", l2_penalty=3.0)
    run = with_network(run, data, depth=1)
    singular_values = np.linalg.svd(data["train_inputs"].double().numpy())[1]
    largest = 2 * singular_values[0] ** 2 + 3
    row = curvature_of(run)
    assert row["largest_eigenvalue"] == pytest.approx(largest, rel=1e-12)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_it_changes_nothing_and_can_be_repeated(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    with untouched(run):
        first = curvature_of(run, 0.1)
    assert curvature_of(run, 0.1) == first


def test_in_float32(make_run):
    run = at_step(make_run, "resnet", "batch")
    expected = curvature_of(run, 1e-3)
    row = curvature_of(run.to(torch.float32), 1e-3)
    for column in ("largest_eigenvalue", "gradient_curvature"):
        assert row[column] == pytest.approx(expected[column], rel=1e-3)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e200])
@pytest.mark.parametrize("model", ["dln", "resnet"])
def test_of_a_run_that_diverged_it_is_nan(make_run, model, value):
    run = double(make_run(model, "none"))
    with torch.no_grad():
        for weight in run.network.weights:
            weight.fill_(value)
    assert all(math.isnan(number) for number in curvature_of(run).values())
