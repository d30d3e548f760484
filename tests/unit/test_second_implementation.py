"""Every probe against a second implementation, for every model and normaliser."""

import pytest
import torch
from numerics import walk
from second_implementation import Training, normalise

from normscape import components, norms, probes
from normscape.training import checkpoints, tensors
from normscape.training.run import Run

NORMS = components.names("norms")
# These normalise over maps. With one or two values per group only signs would be left, so that
# the comparison would be one of rounding errors.
NEED_MAPS = ("instance", "filter_response", "group")
# Group normalisation has groups of two features, so only signs are left. After instance
# normalisation the mean over tokens has no gradient. Noise is drawn in the order of memory,
# which batch normalisation changes.
NOT_FOR_TOKENS = ("group", "instance", "noisy_batch")
LRS = {"vgg": 0.1, "resnet": 0.1, "vit": 0.01}
HEAVY_BALL = {"momentum": 0.9, "l2_penalty": 0.01}
CASES = [
    *(("vgg", norm, HEAVY_BALL) for norm in NORMS),
    *(("resnet", norm, {}) for norm in NORMS),
    # Not Adam: the loss does not depend on biases of keys, so that it would scale up rounding.
    *(("vit", norm, {}) for norm in NORMS if norm not in NOT_FOR_TOKENS),
    *(("dln", norm, {}) for norm in NORMS if norm not in NEED_MAPS),
    ("dln", "l1", HEAVY_BALL),
    ("vgg", "batch", {"name": "Adam"}),
]
for_each_case = pytest.mark.parametrize(("model", "norm", "optimiser"), CASES)


@pytest.fixture
def make_both(make_run, make_data, tmp_path):
    """make_both(model, norm, optimiser, steps, precision): a run, and its second implementation.

    Both have taken the steps on their own, from the same description and data. A batch has 32
    of 70 images, so that training is in its second epoch after three.
    """

    def make(model, norm, optimiser, steps=3, precision="float64"):
        lr = 1e-3 if model == "dln" or "name" in optimiser else LRS[model]
        spec = make_run(model, norm, lr, **optimiser).spec
        data = make_data(model) if model == "dln" else coloured(make_data(model))
        checkpoint, data_file = tmp_path / "checkpoint", tmp_path / "data"
        checkpoints.save(checkpoint, Run(spec, data))
        tensors.save(data_file, data)
        run = probes.open_run(checkpoint, data_file, "cpu", 1)
        run = run.to(getattr(torch, precision))
        second = Training(model, norm, lr, spec.seed, spec.optimiser, data)
        for _ in range(steps):
            second.advance()
        return walk(run, steps), second

    return make


def coloured(data):
    """The data with three channels of bytes, which are yet to be standardised."""
    draws = torch.Generator().manual_seed(6)
    images = {
        f"{part}_inputs": torch.randint(
            256, (count, 16, 16, 3), dtype=torch.uint8, generator=draws
        )
        for part, count in (("train", 70), ("test", 30))
    }
    colours = torch.tensor([100.0, 120.0, 140.0]), torch.tensor([60.0, 70.0, 80.0])
    return data | images | dict(zip(("mean", "deviation"), colours, strict=True))


def assert_agree(measured, expected):
    """The same rows, floats to nine digits.

    A small difference of large numbers has fewer digits: the change of a gradient is compared
    in units of the gradient, and a mean, cosine or skewness near 0 in units of 1.
    """
    assert len(measured) == len(expected)
    for row, expected_row in zip(measured, expected, strict=True):
        size = expected_row.get("gradient_norm", 1)
        assert size > 0
        assert row.keys() == expected_row.keys()
        for column, value in expected_row.items():
            if isinstance(value, float):
                value = pytest.approx(value, rel=1e-9, abs=1e-12 * size)
            assert row[column] == value, column


@pytest.mark.parametrize("parameters", ["weight", "all"])
@for_each_case
def test_internal_covariate_shift(make_both, model, norm, optimiser, parameters):
    run, second = make_both(model, norm, optimiser)
    measured = probes.measure("ics", run, {"parameters": parameters})["ics"]
    names = ["weight"]
    if parameters == "all":
        names += ["bias", "gamma", "beta", "alpha", "g"]
    assert_agree(measured, second.internal_covariate_shift(names))


@for_each_case
def test_landscape(make_both, model, norm, optimiser):
    run, second = make_both(model, norm, optimiser)
    settings = {
        "step_sizes": [1e-4, 1e-3] if model == "dln" else [0.05, 0.4],
        "random_directions": 2,
        "relative_step_sizes": [0.01, 0.1],
    }
    measured = probes.measure("landscape", run, settings)["landscape"]
    assert_agree(measured, second.landscape(**settings))


@for_each_case
def test_activations(make_both, model, norm, optimiser):
    run, second = make_both(model, norm, optimiser)
    measured = probes.measure("activations", run, {"bins": 9})
    assert_agree(measured["moments"], second.moments())
    assert_agree(measured["histograms"], second.histograms(9))


@pytest.mark.parametrize("model", ["vgg", "resnet"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_activations_have_not_passed_the_non_linearity(make_both, model, norm):
    """ReLU may work in place, and in float64 no cast would make the copy."""
    run, _ = make_both(model, norm, {})
    rows = probes.measure("activations", run, {"bins": 9})["histograms"]
    hidden = range(1, len(run.network.layers))
    for layer in hidden:
        layer_rows = [r for r in rows if (r["layer"], r["scope"]) == (layer, "layer")]
        assert min(row["left"] for row in layer_rows) < 0


@pytest.mark.parametrize("model", ["vgg", "resnet", "dln"])
@pytest.mark.parametrize("norm", ["noise", "noisy_batch"])
def test_noise_in_float32_is_the_same(make_both, model, norm):
    """Training's noise and that of a probe in float64 differ by rounding alone."""
    run, second = make_both(model, norm, {}, steps=0, precision="float32")
    rows = probes.measure("activations", run, {"bins": 9})["moments"]
    for row, expected_row in zip(rows, second.moments(), strict=True):
        assert row["mean"] == pytest.approx(expected_row["mean"], abs=1e-5)


def test_the_largest_values_share_the_gradient_of_linf():
    """Real data rarely have several values that are the largest; here two and three are."""
    y = torch.tensor([[2.0, -3.0], [-2.0, 3.0], [1.0, 3.0], [0.5, -1.0]]).double()
    y.requires_grad_()
    norm = norms.load("linf")(2, **components.defaults("norms", "linf")).double()
    weights = torch.arange(8).view(4, 2).double().sqrt()
    measured, expected = (
        torch.autograd.grad((z * weights).sum(), y)[0]
        for z in (norm(y), normalise("linf", y))
    )
    torch.testing.assert_close(measured, expected, rtol=1e-9, atol=0)
