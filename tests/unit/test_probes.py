"""Properties of the probes; their values are compared in test_second_implementation.py."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from numerics import double, untouched, walk
from torch.nn.functional import cosine_similarity

from normscape import components, probes
from normscape.measure._landscape import random_direction
from normscape.probes import activations, ics, landscape, rank, similarity
from normscape.probes._step import network_after_step

CASES = [
    ("vgg", "none", {}),
    ("vgg", "batch", {"momentum": 0.9, "l2_penalty": 0.01}),
    ("vgg", "batch", {"name": "Adam"}),
    ("vgg", "noisy_batch", {}),
    ("vgg", "linf", {}),
    ("resnet", "none", {}),
    ("resnet", "batch", {}),
    ("resnet", "linf", {}),
    ("dln", "none", {}),
    ("dln", "l1", {}),
]


def started(make_run, model, norm, optimiser):
    lr = 1e-3 if model == "dln" or optimiser.get("name") == "Adam" else 0.1
    return make_run(model, norm, lr, **optimiser)


def at_step(make_run, model, norm, optimiser, step=3):
    return walk(started(make_run, model, norm, optimiser), step)


def ics_of(run, parameters="weight"):
    return ics.measure(run, parameters=parameters)["ics"]


def landscape_of(run, step_sizes, random_directions):
    return landscape.measure(
        run,
        step_sizes=step_sizes,
        random_directions=random_directions,
        relative_step_sizes=step_sizes,
    )["landscape"]


def activations_of(run, bins):
    """Rows of moments, and of histograms."""
    tables = activations.measure(run, bins=bins)
    return tables["moments"], tables["histograms"]


def flat(tensors):
    return torch.cat([t.detach().double().flatten() for t in tensors])


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_the_first_layer_has_no_shift(make_run, model, norm, optimiser):
    rows = ics_of(at_step(make_run, model, norm, optimiser))
    assert rows[0]["l2_difference"] == 0
    assert rows[0]["cosine"] == 1
    assert all(row["l2_difference"] > 0 for row in rows[1:])


def test_random_directions_have_the_gradients_length_and_differ(make_run):
    run = at_step(make_run, "vgg", "batch", {})
    a, b = (flat(random_direction(run.parameters, 2.5, draw)) for draw in (0, 1))
    assert float(a.norm()) == pytest.approx(2.5)
    assert abs(float(a @ b)) / 2.5**2 < 5 / math.sqrt(len(a))
    # Gaussian: kurtosis 3.
    assert abs(float((a**4).mean() / a.var() ** 2) - 3) < 0.3


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_a_probe_sees_the_steps_own_batch_and_update(make_run, model, norm, optimiser):
    """The loss at the start is the history's; eta = lr lands on the next checkpoint."""
    run = at_step(make_run, model, norm, optimiser)
    next_run = at_step(make_run, model, norm, optimiser, 4)
    loss, _, _ = run.loss_and_gradient()
    moved = network_after_step(run)
    for a, b in zip(moved.parameters(), next_run.network.parameters(), strict=True):
        assert torch.equal(a, b)
    rows = landscape_of(run, [run.spec.lr], 0)
    assert rows[0]["start_loss"] == float(loss)


@pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)
def test_probes_change_nothing(make_run, model, norm, optimiser):
    run = at_step(make_run, model, norm, optimiser)
    with untouched(run):
        landscape_of(run, [0.1], 1)
        ics_of(run)
        ics_of(run, "all")
        activations_of(run, 4)
        rank.measure(run)
    # and training goes on as if nothing had been measured
    run.advance(run.loss_and_gradient()[2])
    undisturbed = at_step(make_run, model, norm, optimiser, 4)
    for a, b in zip(run.parameters, undisturbed.parameters, strict=True):
        assert torch.equal(a, b)


SETTINGS = {
    "activations": {"bins": 4},
    "ics": {"parameters": "weight"},
    "landscape": {"step_sizes": [0.1], "random_directions": 1},
    "same_function": {
        "step_sizes": [0.1],
        "parametrisations": ["as_trained", "folded"],
        "ics": ["folded"],
        "curvature": ["as_trained"],
    },
}


@pytest.mark.parametrize("probe", components.names("probes"))
def test_tables_are_as_declared(make_run, probe):
    """All tables with all columns, in the order in which they are written."""
    settings = components.defaults("probes", probe) | SETTINGS.get(probe, {})
    tables = probes.measure(probe, make_run("resnet"), settings)
    declared = components.declaration("probes", probe)["tables"]
    assert list(tables) == list(declared)
    for table, rows in tables.items():
        assert rows
        assert all(list(row) == list(declared[table]) for row in rows)


def test_the_watched_unit_is_the_same_for_all_norms_and_seeds(make_run):
    units = set()
    for norm, seed in (("none", 0), ("l1", 1)):
        rows, _ = activations_of(make_run("vgg", norm, seed=seed), 4)
        units.add(tuple(r["unit"] for r in rows if r["scope"] == "unit"))
    assert len(units) == 1


@pytest.mark.parametrize("model", ["vgg", "resnet", "vit"])
def test_similarity_is_the_mean_cosine_of_pairs(make_run, model):
    run = double(make_run(model, "batch"))
    *stages, last = copy.deepcopy(run.network)
    inputs, _ = run.batch()
    for stage in stages:
        inputs = stage(inputs)
    (row,) = similarity.measure(run)["similarity"]
    pairs = itertools.combinations(inputs.flatten(1), 2)
    cosines = [float(cosine_similarity(*pair, dim=0)) for pair in pairs]
    assert row["similarity"] == pytest.approx(np.mean(cosines), rel=1e-9)


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
    # One bin for each unit and layer; there is none of inputs.
    assert 3 * len(histograms) == 2 * len(moments)
    assert all(math.isnan(row["density"]) for row in histograms)
