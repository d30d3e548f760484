"""Gradients over depth against a forward pass by hand and closed forms."""

import copy
import functools
import math

import numpy as np
import pytest
import torch
from numerics import double, untouched, walk
from torch import nn

from normscape import components, models
from normscape.models.network import Classifier, NormalisedLayer, convolution
from normscape.norms.batch import Norm as BatchNorm
from normscape.probes import depth

CASES = [
    ("vgg", "none"),
    ("vgg", "batch"),
    ("vgg", "noisy_batch"),
    ("resnet", "none"),
    ("resnet", "l1"),
    ("dln", "none"),
    ("dln", "batch"),
]


def depth_of(run):
    """The norms by layer, and the slope."""
    tables = depth.measure(run)
    rows, ((slope,),) = tables["depth"], [row.values() for row in tables["depth_slope"]]
    assert [row["layer"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["gradient_norm"] for row in rows], slope


def at_step(make_run, model, norm, optimiser=None, steps=3):
    lr = 1e-3 if model == "dln" else 0.01
    return walk(double(make_run(model, norm, lr, **optimiser or {})), steps)


@pytest.mark.parametrize(("model", "norm"), CASES)
def test_against_a_forward_pass_by_hand(make_run, model, norm):
    run = at_step(make_run, model, norm)
    network = copy.deepcopy(run.network)
    x, targets = run.batch()
    passed = []
    for stage in network:
        skipped = x
        for layer in stage.layers:
            h = layer.linear(x)
            h.retain_grad()
            passed.append(h)
            x = layer.after(layer.norm(h * 1))
        if hasattr(stage, "shortcut"):
            x = stage.after(x + stage.shortcut(skipped))
    network.loss(x, targets).backward()
    norms, slope = depth_of(run)
    by_hand = [float(h.grad.square().sum().sqrt()) for h in passed]
    assert norms == pytest.approx(by_hand, rel=1e-12)
    hidden = np.arange(1, len(norms))
    line = np.polyfit(hidden, np.log(np.square(by_hand[:-1])), 1)
    assert slope == pytest.approx(line[0], rel=1e-9)


def test_of_a_linear_chain(make_run):
    """dL/dh_l = W_(l+1)' ... W_k' 2 (output - target)."""
    run = at_step(make_run, "dln", "none")
    inputs, targets = run.batch()
    weights = [w.detach() for w in run.network.weights]
    outputs = inputs
    for weight in weights:
        outputs = outputs @ weight.T
    back = 2 * (outputs - targets)
    expected = []
    for weight in reversed(weights):
        expected.insert(0, float(back.norm()))
        back = back @ weight
    assert depth_of(run)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_slope_of_a_chain_of_rotations(make_run, factor):
    """Each layer multiplies squares by factor^2 on the way back, whatever the loss."""
    run = double(make_run("dln", "none"))
    draws = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in run.network.weights:
            rotation = torch.linalg.qr(torch.randn(weight.shape, generator=draws)).Q
            weight.copy_(factor * rotation)
    assert depth_of(run)[1] == pytest.approx(-2 * math.log(factor), abs=1e-6)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_batch_norm_hides_the_scale_of_a_chain_at_the_start(make_run, factor):
    """Weights of another scale give other norms, but the same slope (Yang et al. 2019)."""
    run = at_step(make_run, "dln", "batch", steps=0)
    norms, slope = depth_of(run)
    with torch.no_grad():
        for weight in run.network.weights[:-1]:
            weight.mul_(factor)
    scaled, same_slope = depth_of(run)
    ratios = np.divide(norms[:-1], scaled[:-1])
    assert ratios == pytest.approx(factor, rel=1e-2)  # eps is not 0
    assert same_slope == pytest.approx(slope, abs=1e-2)


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_explode_at_the_rate_of_theory(make_run, monkeypatch, seed):
    """Under batch norm with ReLU, squares grow by pi / (pi - 1) a layer (Yang et al. 2019).

    That holds for wide layers and large batches, at the start. Here for 25 fully connected
    layers after a convolution.
    """
    norm = functools.partial(BatchNorm, **components.defaults("norms", "batch"))
    vectors = nn.Sequential(nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten())
    network = Classifier(
        convolution(1, 400, norm(400), vectors),
        *(
            NormalisedLayer(nn.Linear(400, 400), norm(400), nn.ReLU())
            for _ in range(25)
        ),
        NormalisedLayer(nn.Linear(400, 4)),
    )
    network.initialise("glorot_normal", "fully connected", seed)
    monkeypatch.setattr(models, "build", lambda *_: network)
    run = make_run("vgg", "batch", seed=seed, batch_size=64)
    norms, _ = depth_of(double(run))
    squares = torch.tensor(norms[1:-1], dtype=torch.double).square()
    rate = math.exp(-depth.slope(squares.log()))
    assert rate == pytest.approx(math.pi / (math.pi - 1), rel=0.05)


def test_two_hidden_layers_are_the_least_for_a_slope():
    assert math.isnan(depth.slope(torch.zeros(0)))
    assert math.isnan(depth.slope(torch.zeros(1)))
    assert depth.slope(torch.tensor([3.0, 1.0])) == -2


@pytest.mark.parametrize(("model", "norm"), CASES)
def test_it_changes_nothing(make_run, model, norm):
    run = at_step(make_run, model, norm, {"momentum": 0.9})
    with untouched(run):
        first = depth_of(run)
    assert depth_of(run) == first


@pytest.mark.parametrize("model", ["dln", "resnet"])
def test_of_a_run_that_diverged_it_is_nan(make_run, model):
    run = make_run(model, "none")
    with torch.no_grad():
        run.parameters[0].fill_(math.nan)
    norms, slope = depth_of(run)
    assert all(math.isnan(number) for number in [*norms, slope])
