"""Probes against plain reimplementations with whole models."""

import copy
import math

import numpy as np
import pytest
import scipy.stats
import torch

from normscape import columns
from normscape.probes import activations, ics, landscape

CASES = [
    ("vgg", "none", {}),
    ("vgg", "batch", {"momentum": 0.9, "weight_decay": 0.01}),
    ("vgg", "noisy_batch", {}),
    ("vgg", "linf", {}),
    ("dln", "none", {}),
    ("dln", "l1", {}),
]


def at_step(make_run, model, norm, optimiser, step=3):
    run = make_run(model, norm, 0.1 if model == "vgg" else 1e-3, **optimiser)
    for _ in range(step):
        run.advance(run.loss_and_gradient()[2])
    return run


def table(columns, rows):
    return [dict(zip(columns, row, strict=True)) for row in rows]


def flat(tensors):
    return torch.cat([t.detach().double().flatten() for t in tensors])


def whole_gradient(run, network):
    """Loss and gradient of a whole network, through backward()."""
    inputs, targets = run.batch()
    network.zero_grad()
    loss = network.loss(network(inputs), targets)
    decay = run.spec.optimiser["weight_decay"] / 2
    loss = loss + decay * sum(layer.linear.weight.square().sum() for layer in network)
    loss.backward()
    return float(loss.detach()), [p.grad.clone() for p in network.parameters()]


@pytest.mark.parametrize("parameters", ["weight", "all"])
@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_ics_is_brute_force(make_run, model, norm, optimiser, parameters):
    """Definition 2.1 by whole models: for each layer a copy whose prefix has moved."""
    run = at_step(make_run, model, norm, optimiser)
    rows = table(columns.ICS, ics.measure(run, parameters))
    trained = at_step(make_run, model, norm, optimiser, 4)
    assert len(rows) == len(run.network)
    for number, row in enumerate(rows, start=1):
        mixed = copy.deepcopy(run.network)
        for i in range(number - 1):
            for p, q in zip(
                mixed[i].parameters(), trained.network[i].parameters(), strict=True
            ):
                p.data = q.data.clone()
        gradients = []
        for network in (copy.deepcopy(run.network), mixed):
            whole_gradient(run, network)
            layer = network[number - 1]
            chosen = (
                [layer.linear.weight] if parameters == "weight" else layer.parameters()
            )
            gradients.append(flat([p.grad for p in chosen]))
        before, after = gradients
        assert row["layer"] == number
        assert row["step"] == 3
        size = float(before.norm())
        assert row["gradient_norm"] == pytest.approx(size, rel=1e-4)
        assert row["l2_difference"] == pytest.approx(
            float((after - before).norm()), rel=1e-3, abs=1e-5 * size
        )
        cosine = float(before @ after / before.norm() / after.norm())
        assert row["cosine"] == pytest.approx(cosine, abs=1e-4)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_the_first_layer_has_no_shift(make_run, model, norm, optimiser):
    rows = table(columns.ICS, ics.measure(at_step(make_run, model, norm, optimiser)))
    assert rows[0]["l2_difference"] == 0
    assert rows[0]["cosine"] == 1
    assert all(row["l2_difference"] > 0 for row in rows[1:])


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_landscape_is_a_plain_loop(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    sizes = [0.05, 0.4] if model == "vgg" else [1e-4, 1e-3]
    rows = table(columns.LANDSCAPE, landscape.measure(run, sizes, 2))
    assert [(r["direction"], r["draw"], r["step_size"]) for r in rows] == [
        (kind, draw, size)
        for kind, draw in (("gradient", 0), ("random", 0), ("random", 1))
        for size in sizes
    ]
    start_loss, gradient = whole_gradient(run, copy.deepcopy(run.network))
    g = flat(gradient)
    for row in rows:
        if row["direction"] == "gradient":
            direction = gradient
        else:
            direction = landscape.random_direction(run, row["draw"], float(g.norm()))
        moved = copy.deepcopy(run.network)
        with torch.no_grad():
            for p, d in zip(moved.parameters(), direction, strict=True):
                p -= row["step_size"] * d
        loss, there = whole_gradient(run, moved)
        h = flat(there)
        close = {"rel": 2e-3, "abs": 1e-5 * float(g.norm())}
        assert row["loss"] == pytest.approx(loss, rel=1e-4)
        assert row["gradient_change"] == pytest.approx(float((h - g).norm()), **close)
        assert row["distance"] == pytest.approx(
            row["step_size"] * float(flat(direction).norm()), rel=1e-5
        )
        assert row["cosine"] == pytest.approx(
            float(h @ g / h.norm() / g.norm()), abs=1e-3
        )
        assert row["start_loss"] == pytest.approx(start_loss, rel=1e-5)
        assert row["gradient_norm"] == pytest.approx(float(g.norm()), rel=1e-5)


def test_random_directions_have_the_gradients_length_and_differ(make_run):
    run = at_step(make_run, "vgg", "batch", {})
    a = flat(landscape.random_direction(run, 0, 2.5))
    b = flat(landscape.random_direction(run, 1, 2.5))
    assert float(a.norm()) == pytest.approx(2.5)
    assert abs(float(a @ b)) / 2.5**2 < 5 / math.sqrt(len(a))
    # Gaussian: kurtosis 3.
    assert abs(float((a**4).mean() / a.var() ** 2) - 3) < 0.3


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_a_probe_sees_the_steps_own_batch_and_update(
    make_run, tmp_path, model, norm, optimiser
):
    """The loss at the start is the history's; eta = lr lands on the next checkpoint."""
    run = at_step(make_run, model, norm, {})
    next_run = at_step(make_run, model, norm, {}, 4)
    loss, _, gradient = run.loss_and_gradient(copy.deepcopy(run.network))
    moved = copy.deepcopy(run.network)
    run.move(moved, run.velocity_after(gradient))
    for a, b in zip(moved.parameters(), next_run.network.parameters(), strict=True):
        assert torch.equal(a, b)
    rows = table(columns.LANDSCAPE, landscape.measure(run, [run.spec.lr], 0))
    assert rows[0]["start_loss"] == float(loss)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_probes_change_nothing(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    before = copy.deepcopy(run.network.state_dict())
    velocity = copy.deepcopy(run.velocity)
    generators = torch.get_rng_state()
    landscape.measure(run, [0.1], 1)
    ics.measure(run)
    activations.measure(run, 4)
    assert run.step == 3
    assert run.network.training
    assert all(p.grad is None for p in run.parameters)
    after = run.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(torch.equal(a, b) for a, b in zip(velocity, run.velocity, strict=True))
    assert torch.equal(generators, torch.get_rng_state())
    # and training goes on as if nothing had been measured
    run.advance(run.loss_and_gradient()[2])
    undisturbed = at_step(make_run, model, norm, optimiser, 4)
    for a, b in zip(run.parameters, undisturbed.parameters, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("model", "norm"), [("vgg", "batch"), ("dln", "l2")])
def test_activations_against_scipy(make_run, model, norm):
    run = at_step(make_run, model, norm, {})
    moments, histograms = activations.measure(run, 7)
    moments = table(columns.MOMENTS, moments)
    histograms = table(columns.HISTOGRAMS, histograms)
    assert len(moments) == 2 * len(run.network)

    network, (x, _) = copy.deepcopy(run.network), run.fixed_batch()
    with torch.no_grad():
        for number, layer in enumerate(network, start=1):
            a = layer.norm(layer.linear(x)).clone()
            for row in moments[2 * number - 2 : 2 * number]:
                values = a if row["scope"] == "layer" else a[:, row["unit"]]
                values = values.double().numpy().ravel()
                assert row["layer"] == number
                assert row["mean"] == pytest.approx(values.mean(), abs=1e-7)
                assert row["variance"] == pytest.approx(values.var())
                assert row["skewness"] == pytest.approx(
                    scipy.stats.skew(values), abs=1e-6
                )
                bins = [
                    r
                    for r in histograms
                    if (r["layer"], r["scope"]) == (number, row["scope"])
                ]
                density, edges = np.histogram(values, 7, density=True)
                assert [r["left"] for r in bins] == pytest.approx(list(edges[:-1]))
                assert [r["density"] for r in bins] == pytest.approx(
                    list(density), abs=0.02 * density.max()
                )
                total = sum(r["density"] * (r["right"] - r["left"]) for r in bins)
                assert total == pytest.approx(1)
            x = layer.after(a)


def test_the_watched_unit_is_the_same_for_all_norms_and_seeds(make_run):
    units = set()
    for norm, seed in (("none", 0), ("l1", 1)):
        moments, _ = activations.measure(make_run("vgg", norm, seed=seed), 4)
        rows = table(columns.MOMENTS, moments)
        units.add(tuple(r["unit"] for r in rows if r["scope"] == "unit"))
    assert len(units) == 1


def test_probes_of_a_diverged_run_say_nan(make_run):
    run = make_run("dln", "none")
    with torch.no_grad():
        run.parameters[0].fill_(math.nan)
    rows = table(columns.LANDSCAPE, landscape.measure(run, [0.1], 1))
    assert all(math.isnan(r["loss"]) and math.isnan(r["cosine"]) for r in rows)
    rows = table(columns.ICS, ics.measure(run))
    assert all(math.isnan(r["l2_difference"]) for r in rows)
    moments, histograms = activations.measure(run, 4)
    assert all(math.isnan(row[-1]) for row in moments)
    assert len(histograms) == len(moments)
    assert all(math.isnan(row[-1]) for row in histograms)
