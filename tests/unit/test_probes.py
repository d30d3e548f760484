"""Probes against plain reimplementations with whole models."""

import copy
import math

import numpy as np
import pytest
import scipy.stats
import torch
from numerics import double, same, state, walk

from normscape import parts, probes
from normscape.probes import activations, ics, landscape

CASES = [
    ("vgg", "none", {}),
    ("vgg", "batch", {"momentum": 0.9, "weight_decay": 0.01}),
    ("vgg", "batch", {"name": "adam"}),
    ("vgg", "noisy_batch", {}),
    ("vgg", "linf", {}),
    ("resnet", "none", {}),
    ("resnet", "batch", {}),
    ("resnet", "linf", {}),
    ("dln", "none", {}),
    ("dln", "l1", {}),
]


def started(make_run, model, norm, optimiser):
    lr = 1e-3 if model == "dln" or optimiser.get("name") == "adam" else 0.1
    return make_run(model, norm, lr, **optimiser)


def at_step(make_run, model, norm, optimiser, step=3):
    return walk(started(make_run, model, norm, optimiser), step)


def ics_of(run, parameters="weight"):
    return ics.measure(run, parameters=parameters)["ics"]


def landscape_of(run, step_sizes, random_directions):
    return landscape.measure(
        run, step_sizes=step_sizes, random_directions=random_directions
    )["landscape"]


def activations_of(run, bins):
    """Rows of moments, and of histograms."""
    tables = activations.measure(run, bins=bins)
    return tables["moments"], tables["histograms"]


def flat(tensors):
    return torch.cat([t.detach().double().flatten() for t in tensors])


def whole_gradient(run, network):
    """Loss and gradient of a whole network, through backward()."""
    inputs, targets = run.batch()
    network.zero_grad()
    loss = network.loss(network(inputs), targets)
    decay = run.spec.optimiser["weight_decay"] / 2
    weights = [layer.linear.weight for layer in network.layers]
    loss = loss + decay * sum(weight.square().sum() for weight in weights)
    loss.backward()
    return float(loss.detach()), [p.grad.clone() for p in network.parameters()]


def ics_by_whole_models(run, trained, parameters):
    """Before and after, for each layer the gradients of two copies of the network.

    In the second, the layers before it, and only they, are those of ``trained``: the
    run after its next step.
    """
    count = len(run.network.layers)
    for number in range(count):
        mixed = copy.deepcopy(run.network)
        pairs = zip(mixed.layers, trained.network.layers, strict=True)
        for layer, moved in list(pairs)[:number]:
            for p, q in zip(layer.parameters(), moved.parameters(), strict=True):
                p.data = q.data.clone()
        gradients = []
        for network in (copy.deepcopy(run.network), mixed):
            whole_gradient(run, network)
            layer = network.layers[number]
            chosen = (
                [layer.linear.weight] if parameters == "weight" else layer.parameters()
            )
            gradients.append(flat([p.grad for p in chosen]))
        yield gradients


@pytest.mark.parametrize("parameters", ["weight", "all"])
@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_ics_is_brute_force(make_run, model, norm, optimiser, parameters):
    """Definition 2.1 by whole models: for each layer a copy whose prefix has moved."""
    run = at_step(make_run, model, norm, optimiser)
    trained = at_step(make_run, model, norm, optimiser, 4)
    rows = ics_of(run, parameters)
    assert [row["layer"] for row in rows] == list(range(1, len(run.network.layers) + 1))
    expected = ics_by_whole_models(run, trained, parameters)
    for row, (before, after) in zip(rows, expected, strict=True):
        size = float(before.norm())
        assert row["gradient_norm"] == pytest.approx(size, rel=1e-4)
        assert row["l2_difference"] == pytest.approx(
            float((after - before).norm()), rel=1e-3, abs=1e-5 * size
        )
        cosine = float(before @ after / before.norm() / after.norm())
        assert row["cosine"] == pytest.approx(cosine, abs=1e-4)


@pytest.mark.parametrize("parameters", ["weight", "all"])
@pytest.mark.parametrize(
    ("norm", "optimiser"),
    [
        ("none", {}),
        ("batch", {"momentum": 0.9, "weight_decay": 0.01}),
        ("batch", {"name": "adam"}),
        ("noisy_batch", {}),
        ("linf", {}),
    ],
)
def test_ics_of_the_resnet_in_float64(make_run, norm, optimiser, parameters):
    """The same to nine digits, so that no shift is too small to be told from rounding."""
    run, trained = (
        walk(double(started(make_run, "resnet", norm, optimiser)), steps)
        for steps in (3, 4)
    )
    rows = ics_of(run, parameters)
    expected = ics_by_whole_models(run, trained, parameters)
    for row, (before, after) in zip(rows, expected, strict=True):
        assert before.norm() > 0
        found = row["gradient_norm"], row["l2_difference"], row["cosine"]
        cosine = before @ after / before.norm() / after.norm()
        by_hand = before.norm(), (after - before).norm(), cosine
        assert found == pytest.approx(tuple(map(float, by_hand)), rel=1e-9, abs=0)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_the_first_layer_has_no_shift(make_run, model, norm, optimiser):
    rows = ics_of(at_step(make_run, model, norm, optimiser))
    assert rows[0]["l2_difference"] == 0
    assert rows[0]["cosine"] == 1
    assert all(row["l2_difference"] > 0 for row in rows[1:])


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_landscape_is_a_plain_loop(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    sizes = [1e-4, 1e-3] if model == "dln" else [0.05, 0.4]
    rows = landscape_of(run, sizes, 2)
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
def test_a_probe_sees_the_steps_own_batch_and_update(make_run, model, norm, optimiser):
    """The loss at the start is the history's; eta = lr lands on the next checkpoint."""
    run = at_step(make_run, model, norm, optimiser)
    next_run = at_step(make_run, model, norm, optimiser, 4)
    loss, _, gradient = run.loss_and_gradient(copy.deepcopy(run.network))
    moved = copy.deepcopy(run.network)
    run.move(moved, run.step_for(gradient))
    for a, b in zip(moved.parameters(), next_run.network.parameters(), strict=True):
        assert torch.equal(a, b)
    rows = landscape_of(run, [run.spec.lr], 0)
    assert rows[0]["start_loss"] == float(loss)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_probes_change_nothing(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    before = state(run)
    of_optimiser = copy.deepcopy(run.optimiser_state)
    generators = torch.get_rng_state()
    landscape_of(run, [0.1], 1)
    ics_of(run)
    ics_of(run, "all")
    activations_of(run, 4)
    assert run.step == 3
    assert run.network.training
    assert all(p.grad is None for p in run.parameters)
    assert same(before, state(run))
    assert of_optimiser.keys() == run.optimiser_state.keys()
    for name, tensors in of_optimiser.items():
        for a, b in zip(tensors, run.optimiser_state[name], strict=True):
            assert torch.equal(a, b)
    assert torch.equal(generators, torch.get_rng_state())
    # and training goes on as if nothing had been measured
    run.advance(run.loss_and_gradient()[2])
    undisturbed = at_step(make_run, model, norm, optimiser, 4)
    for a, b in zip(run.parameters, undisturbed.parameters, strict=True):
        assert torch.equal(a, b)


SETTINGS = {
    "activations": {"bins": 4},
    "ics": {"parameters": "weight"},
    "landscape": {"step_sizes": [0.1], "random_directions": 1},
}


@pytest.mark.parametrize("probe", parts.names("probes"))
def test_tables_are_as_declared(make_run, probe):
    """All tables with all columns, in the order in which they are written."""
    found = probes.measure(probe, make_run("resnet"), SETTINGS[probe])
    declared = parts.declaration("probes", probe)["tables"]
    assert list(found) == list(declared)
    for table, rows in found.items():
        assert rows
        assert all(list(row) == list(declared[table]) for row in rows)


@pytest.mark.parametrize(
    ("model", "norm"),
    [
        ("vgg", "batch"),
        ("dln", "l2"),
        *(("resnet", n) for n in ("none", "batch", "linf")),
    ],
)
def test_activations_against_scipy(make_run, model, norm):
    run = at_step(make_run, model, norm, {})
    moments, histograms = activations_of(run, 7)
    assert len(moments) == 2 * len(run.network.layers)

    network, (x, _) = copy.deepcopy(run.network), run.fixed_batch()
    number = 0
    with torch.no_grad():
        for stage in network:
            passing = x
            for layer in stage.layers:
                number += 1
                a = layer.norm(layer.linear(passing))
                check_activations(a.clone(), number, moments, histograms)
                passing = layer.after(a)
            x = stage(x)


def check_activations(a, number, moments, histograms):
    """The rows of a layer whose normaliser puts out ``a``."""
    for row in moments[2 * number - 2 : 2 * number]:
        values = a if row["scope"] == "layer" else a[:, row["unit"]]
        values = values.double().numpy().ravel()
        assert row["layer"] == number
        assert row["mean"] == pytest.approx(values.mean(), abs=1e-7)
        assert row["variance"] == pytest.approx(values.var())
        assert row["skewness"] == pytest.approx(scipy.stats.skew(values), abs=1e-6)
        place = number, row["scope"]
        bins = [r for r in histograms if (r["layer"], r["scope"]) == place]
        density, edges = np.histogram(values, 7, density=True)
        assert [r["left"] for r in bins] == pytest.approx(list(edges[:-1]))
        assert [r["density"] for r in bins] == pytest.approx(
            list(density), abs=0.02 * density.max()
        )
        total = sum(r["density"] * (r["right"] - r["left"]) for r in bins)
        assert total == pytest.approx(1)


@pytest.mark.parametrize(("model", "norm"), [("vgg", "noisy_batch"), ("resnet", "l2")])
def test_the_next_moments_are_those_after_training_took_the_step(make_run, model, norm):
    """Of the run itself, one step on: other weights, and the noise of that step."""
    here, _ = activations_of(at_step(make_run, model, norm, {}, 3), 4)
    there, _ = activations_of(at_step(make_run, model, norm, {}, 4), 4)
    assert [row["next_mean"] for row in here] == [row["mean"] for row in there]
    assert [row["next_variance"] for row in here] == [row["variance"] for row in there]
    assert any(a["mean"] != b["mean"] for a, b in zip(here, there, strict=True))


def test_the_watched_unit_is_the_same_for_all_norms_and_seeds(make_run):
    units = set()
    for norm, seed in (("none", 0), ("l1", 1)):
        rows, _ = activations_of(make_run("vgg", norm, seed=seed), 4)
        units.add(tuple(r["unit"] for r in rows if r["scope"] == "unit"))
    assert len(units) == 1


@pytest.mark.parametrize("model", ["dln", "resnet"])
def test_probes_of_a_diverged_run_say_nan(make_run, model):
    run = make_run(model, "none")
    with torch.no_grad():
        run.parameters[0].fill_(math.nan)
    rows = landscape_of(run, [0.1], 1)
    assert all(math.isnan(r["loss"]) and math.isnan(r["cosine"]) for r in rows)
    assert all(math.isnan(r["l2_difference"]) for r in ics_of(run))
    moments, histograms = activations_of(run, 4)
    assert all(math.isnan(row["skewness"]) for row in moments)
    assert len(histograms) == len(moments)
    assert all(math.isnan(row["density"]) for row in histograms)
