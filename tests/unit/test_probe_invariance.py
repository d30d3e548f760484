"""Scale invariance: exact identities, differences, and what it should not say."""

import copy
import dataclasses
import math

import pytest
import torch
from numerics import double, untouched, walk

from normscape.measure._invariance import angle as measured_angle
from normscape.probes import invariance
from normscape.training.run import Run

# Normalisers whose output does not depend on the scale of what they get, but for eps.
INVARIANT = ["batch", "l1", "l2", "linf"]
CASES = [
    ("vgg", "batch", {"momentum": 0.9, "l2_penalty": 0.01}),
    ("vgg", "noisy_batch", {"name": "Adam"}),
    ("resnet", "none", {"l2_penalty": 0.1}),
    ("resnet", "l1", {}),
    ("dln", "none", {"momentum": 0.9}),
    ("dln", "linf", {}),
]


def invariance_of(run):
    return invariance.measure(run)["invariance"]


def at_step(make_run, model, norm, optimiser, steps=3):
    lr = 1e-3 if model == "dln" else 0.01
    return walk(double(make_run(model, norm, lr, **optimiser)), steps)


def without_eps(make_run, make_data, model, norm):
    """In float64 from step 0, with an eps that is lost; torch's batch norm takes no 0."""
    spec = make_run(model, norm, 1e-3 if model == "dln" else 0.1).spec
    settings = spec.norm_settings | {"eps": 1e-40}
    return double(
        Run(dataclasses.replace(spec, norm_settings=settings), make_data(model))
    )


@pytest.mark.parametrize("norm", INVARIANT)
@pytest.mark.parametrize("model", ["vgg", "resnet", "dln"])
def test_gradients_of_invariant_weights_are_orthogonal_to_them(
    make_run, make_data, model, norm
):
    run = walk(without_eps(make_run, make_data, model, norm), 2)
    *hidden, last = invariance_of(run)
    assert all(row["gradient_norm"] > 0 for row in hidden)
    assert max(abs(row["cosine"]) for row in hidden) < 1e-9
    assert abs(last["cosine"]) > 1e-4  # is not normalised


@pytest.mark.parametrize("norm", INVARIANT)
@pytest.mark.parametrize("model", ["vgg", "resnet", "dln"])
def test_steps_of_sgd_lengthen_invariant_weights_by_the_squares_of_the_steps(
    make_run, make_data, model, norm
):
    """||W_T||^2 - ||W_0||^2 = lr^2 sum of ||g||^2, and tan(angle) = lr ||g|| / ||W||."""
    run = without_eps(make_run, make_data, model, norm)
    tables, lr = [], run.spec.lr
    for _ in range(6):
        tables.append(invariance_of(run)[:-1])
        walk(run, 1)
    for layer, rows in enumerate(zip(*tables, strict=True)):
        grown = rows[-1]["weight_norm"] ** 2 - rows[0]["weight_norm"] ** 2
        steps = [lr * row["gradient_norm"] for row in rows[:-1]]
        assert grown == pytest.approx(sum(s**2 for s in steps), rel=1e-8, abs=1e-12)
        for row, step in zip(rows, steps, strict=False):
            tangent = step / row["weight_norm"]
            assert row["relative_update"] == pytest.approx(tangent, rel=1e-12), layer
            by_hand = math.degrees(math.atan(tangent))
            assert row["angle"] == pytest.approx(by_hand, rel=1e-7)


@pytest.mark.parametrize("model", ["resnet", "dln"])
def test_the_standard_net_has_neither(make_run, model):
    run = at_step(make_run, model, "none", {}, steps=0)
    first = invariance_of(run)[0]
    assert abs(first["cosine"]) > 1e-4
    after = invariance_of(walk(run, 1))[0]
    grown = after["weight_norm"] ** 2 - first["weight_norm"] ** 2
    assert abs(grown / (run.spec.lr * first["gradient_norm"]) ** 2 - 1) > 0.1


@pytest.mark.parametrize(("model", "norm"), [("resnet", "batch"), ("dln", "l1")])
def test_at_another_scale_of_a_weight(make_run, make_data, model, norm):
    """The gradient shrinks with it, and its curvature times ||W||^2 stays."""
    run = without_eps(make_run, make_data, model, norm)
    before = invariance_of(run)[1]
    with torch.no_grad():
        run.network.weights[1].mul_(3)
    after = invariance_of(run)[1]
    assert after["weight_norm"] == pytest.approx(3 * before["weight_norm"])
    assert after["gradient_norm"] == pytest.approx(before["gradient_norm"] / 3)
    scaled, expected = (
        row["gradient_curvature"] * row["weight_norm"] ** 2 for row in (after, before)
    )
    assert scaled == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_against_the_run_and_differences(make_run, model, norm, optimiser):
    """Cosines by torch, the step that training takes, and how each layer's g changes."""
    run = at_step(make_run, model, norm, optimiser)
    after = at_step(make_run, model, norm, optimiser, steps=4)
    network = copy.deepcopy(run.network)
    gradients = gradients_of(run, network)
    rows = invariance_of(run)
    assert [row["layer"] for row in rows] == list(range(1, len(rows) + 1))
    weights = zip(run.network.weights, after.network.weights, strict=True)
    for position, (row, (w, moved)) in enumerate(zip(rows, weights, strict=True)):
        g = gradients[position].flatten()
        w, moved = w.detach().flatten(), moved.detach().flatten()
        assert row["cosine"] == pytest.approx(float(w @ g / w.norm() / g.norm()))
        assert row["weight_norm"] == pytest.approx(float(w.norm()))
        assert row["gradient_norm"] == pytest.approx(float(g.norm()))
        update = float((moved - w).norm() / w.norm())
        assert row["relative_update"] == pytest.approx(update)
        cosine = w @ moved / w.norm() / moved.norm()
        by_arc = math.degrees(math.acos(min(1, cosine)))
        assert row["angle"] == pytest.approx(by_arc, abs=1e-5)

        size = 1e-8 * w.norm()  # more would cross kinks
        changed = []
        for sign in (-1, 1):
            moved_network = copy.deepcopy(run.network)
            with torch.no_grad():
                direction = gradients[position] / g.norm()
                moved_network.weights[position].add_(
                    direction, alpha=float(sign * size)
                )
            changed.append(gradients_of(run, moved_network)[position].flatten())
        by_hand = float(g / g.norm() @ (changed[1] - changed[0]) / (2 * size))
        scale = float((changed[1] - changed[0]).norm() / size)
        assert row["gradient_curvature"] == pytest.approx(
            by_hand, rel=1e-5, abs=1e-6 * scale
        )


def gradients_of(run, network):
    """Of the loss without the penalty, by each weight."""
    inputs, targets = run.batch()
    loss = network.loss(network(inputs), targets)
    return torch.autograd.grad(loss, network.weights)


def test_small_angles():
    """Far below the resolution of a cosine."""
    for angle in (1e-12, 1e-4, 89.0, 179.9):
        radians = math.radians(angle)
        b = 5 * torch.tensor([math.cos(radians), math.sin(radians)], dtype=torch.double)
        a = torch.tensor([2.0, 0.0], dtype=torch.double)
        assert measured_angle(a, b) == pytest.approx(angle, rel=1e-9)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_it_changes_nothing(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    with untouched(run):
        first = invariance_of(run)
    assert invariance_of(run) == first


@pytest.mark.parametrize("model", ["dln", "resnet"])
def test_of_a_run_that_diverged_it_is_nan(make_run, model):
    run = make_run(model, "none")
    with torch.no_grad():
        for weight in run.network.weights:
            weight.fill_(math.nan)
    for row in invariance_of(run):
        del row["layer"]
        assert all(math.isnan(number) for number in row.values())
