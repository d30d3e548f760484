"""Runs that start at another run's checkpoint: the same function, step, batches."""

import copy

import pytest
import torch
from numerics import same, state, walk

from normscape import measure
from normscape.models.stages import stages
from normscape.training.start import start_at

MODELS = ["vgg", "resnet"]


def outputs(run):
    """On the batch of its step, in float64."""
    inputs, _ = run.batch()
    with torch.no_grad():
        return copy.deepcopy(run.network).double()(inputs.double())


@pytest.mark.parametrize("optimiser", [{}, {"momentum": 0.9}])
@pytest.mark.parametrize("norm", ["none", "batch", "noisy_batch"])
def test_with_the_same_norm_the_run_continues(make_run, norm, optimiser):
    whole = walk(make_run(norm=norm, **optimiser), 5)
    started = make_run(norm=norm, **optimiser)
    start_at(started, walk(make_run(norm=norm, **optimiser), 3))
    assert started.step == 3
    assert same(state(walk(started, 2)), state(whole))


def test_the_learning_rate_is_that_of_the_run(make_run):
    started = make_run(lr=0.3)
    start_at(started, walk(make_run(lr=0.1), 2))
    assert [group["lr"] for group in started.optimiser.param_groups] == [0.3]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(
            ("none", norm)
            for norm in ("batch", "affine", "variance", "l1", "l2", "linf")
        ),
        *(("batch", norm) for norm in ("none", "affine", "l1")),
        ("l2", "batch"),
    ],
)
def test_another_norm_starts_at_the_same_function(make_run, model, before, after):
    checkpoint = walk(make_run(model, before), 3)
    expected, inputs = outputs(checkpoint), checkpoint.batch()[0]
    started = make_run(model, after)
    start_at(started, checkpoint)
    torch.testing.assert_close(outputs(started), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(started.batch()[0], inputs.float())
    walk(started, 2)
    assert started.step == 5


def test_inserted_batch_norm_is_that_of_measurements(make_run):
    """Two ways to the same gamma and beta, and so to the same gradient of the weights."""
    checkpoint = walk(make_run("vgg", "none"), 3)
    loss, batch = checkpoint.loss, [t.double() for t in checkpoint.batch()[:1]]
    batch.append(checkpoint.batch()[1])
    network = copy.deepcopy(checkpoint.network).double()
    inserted = measure.insert_batch_norm(network, loss, batch, stages=stages)
    started = make_run("vgg", "batch")
    start_at(started, checkpoint)
    for layer, ours in zip(inserted.layers, started.network.layers, strict=True):
        if not ours.norm.replaces_bias:
            continue
        torch.testing.assert_close(
            ours.norm.gamma.double(), layer.norm.gamma, rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize(("before", "after"), [("none", "layer"), ("group", "none")])
def test_a_norm_of_each_sample_has_another_function(make_run, before, after):
    with pytest.raises(ValueError, match="scales and shifts"):
        start_at(make_run(norm=after), walk(make_run(norm=before), 2))


def test_from_a_run_that_diverged_a_run_starts_diverged(make_run):
    checkpoint = walk(make_run("vgg", "none"), 1)
    with torch.no_grad():
        checkpoint.parameters[0].fill_(torch.nan)
    started = make_run("vgg", "batch")
    start_at(started, checkpoint)
    loss, _, _ = started.loss_and_gradient()
    assert not loss.isfinite()
