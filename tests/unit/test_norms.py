"""Every normaliser against its formula, its gradient and its statistics."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from normscape import components, norms
from normscape.models.network import NormalisedLayer
from normscape.norms import _lp

SHAPES = [(16, 3), (5, 3, 4, 2)]
LP = {"l1": 1, "l2": 2, "linf": math.inf}


def make(name, features=3, **settings):
    """A normaliser whose settings are the defaults except for those given."""
    settings = components.defaults("norms", name) | settings
    return norms.load(name)(features, **settings)


def build(name, **settings):
    return make(name, **settings).double()


def sample(shape):
    torch.manual_seed(1)
    y = 2 * torch.randn(shape, dtype=torch.double) + 0.7
    return y.to(memory_format=torch.channels_last) if y.dim() == 4 else y


def random_affine(norm):
    with torch.no_grad():
        norm.gamma.uniform_(0.5, 2)
        norm.beta.normal_()


@pytest.mark.parametrize("shape", SHAPES)
def test_an_average_is_bitwise_the_mean_with_its_gradient(shape):
    y = sample(shape).float().requires_grad_()
    dims = _lp.dimensions(y)
    results = []
    for mean in (_lp.average(y), y.mean(dims)):
        results.append((mean, *torch.autograd.grad(mean.square().sum(), y)))
    for ours, theirs in zip(*results, strict=True):
        assert torch.equal(ours, theirs)


def lp_formula(y, order, gamma, beta, eps=1e-5):
    dims = [0, *range(2, y.dim())]
    count = y.numel() // y.shape[1]
    shape = (1, -1, *[1] * (y.dim() - 2))
    mean = y.mean(dims, keepdim=True)
    if order == math.inf:
        scale = y.abs().amax(dims, keepdim=True)
    else:
        scale = (y.abs().pow(order).sum(dims, keepdim=True) / count) ** (1 / order)
    xhat = (y - mean) / (scale**2 + eps).sqrt()
    return gamma.view(shape) * xhat + beta.view(shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_none_is_the_identity(shape):
    y = sample(shape)
    assert torch.equal(build("none")(y), y)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_is_torchs_batch_norm(shape):
    ours = build("batch")
    theirs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(3).double()
    random_affine(ours)
    theirs.weight.data, theirs.bias.data = ours.gamma.data, ours.beta.data
    for _ in range(3):
        y = sample(shape)
        torch.testing.assert_close(ours(y), theirs(y))
    torch.testing.assert_close(ours.eval()(y), theirs.eval()(y))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LP)
def test_lp_is_its_formula(name, shape):
    norm = build(name)
    random_affine(norm)
    y = sample(shape)
    expected = lp_formula(y, LP[name], norm.gamma, norm.beta)
    torch.testing.assert_close(norm(y), expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {}) for name in ("none", "batch", "noise", "noisy_batch", *LP)),
        *(("filter_response", {"eps": 0.5}), ("variance", {}), ("mean_only", {})),
        ("dyt", {}),
    ],
)
def test_gradcheck(name, settings, shape):
    norm = build(name, **settings)
    if hasattr(norm, "gamma"):
        random_affine(norm)
    parameters = dict(norm.named_parameters())

    def function(y, *values):
        named = dict(zip(parameters, values, strict=True))
        return torch.func.functional_call(norm, named, (y,))

    y = sample(shape).requires_grad_()
    assert torch.autograd.gradcheck(function, (y, *parameters.values()))


@pytest.mark.parametrize("name", LP)
def test_lp_evaluates_with_running_statistics(name):
    norm = build(name, running_momentum=1.0)
    y = sample(SHAPES[1])
    trained = norm(y)
    torch.testing.assert_close(norm.eval()(y), trained)


def test_lp_of_a_constant_feature_is_finite():
    norm = build("l2", features=1)
    y = torch.zeros((8, 1), dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(norm(y).sum(), y)
    assert torch.equal(norm(y), torch.zeros_like(y))
    assert gradient.isfinite().all()


# Of each sample by itself


def per_feature(vector, y):
    return vector.view(1, -1, *[1] * (y.dim() - 2))


def torchs_layer(y, norm):
    z = F.layer_norm(y, y.shape[1:], eps=norm.eps)
    return per_feature(norm.gamma, y) * z + per_feature(norm.beta, y)


def torchs_rms(y, norm):
    z = F.rms_norm(y, y.shape[1:], eps=norm.eps)
    return per_feature(norm.gamma, y) * z + per_feature(norm.beta, y)


OF_TORCH = {
    "layer": torchs_layer,
    "group": lambda y, norm: F.group_norm(y, 3, norm.gamma, norm.beta, norm.eps),
    "instance": lambda y, norm: F.instance_norm(
        y, weight=norm.gamma, bias=norm.beta, eps=norm.eps
    ),
    "rms": torchs_rms,
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (name, shape)
        for name in OF_TORCH
        for shape in [(16, 6), (5, 6, 7), (5, 6, 4, 2)]
        if (name, len(shape)) != ("instance", 2)  # of one position nothing is left
    ],
)
def test_a_norm_of_samples_is_torchs(name, shape):
    """Values and gradients in vectors, sequences and maps; evaluation is the same."""
    norm = build(name, features=6, **({"groups": 3} if name == "group" else {}))
    random_affine(norm)
    y = sample(shape).requires_grad_()
    weights = torch.randn(y.shape, dtype=torch.double)
    ours, theirs = norm(y), OF_TORCH[name](y, norm)
    torch.testing.assert_close(ours, theirs)
    inputs = [y, norm.gamma, norm.beta]
    actual = torch.autograd.grad((ours * weights).sum(), inputs)
    expected = torch.autograd.grad((theirs * weights).sum(), inputs)
    torch.testing.assert_close(actual, expected)
    assert torch.equal(norm.eval()(y), ours)


@pytest.mark.parametrize(
    ("features", "asked", "groups"),
    [(8, 4, 4), (64, 32, 32), (10, 4, 2), (12, 8, 6), (7, 4, 1), (3, 32, 3), (1, 4, 1)],
)
def test_groups_are_the_largest_number_that_divides_the_features(
    features, asked, groups
):
    norm = build("group", features=features, groups=asked)
    y = sample((5, features, 4, 2))
    torch.testing.assert_close(norm(y), F.group_norm(y, groups))


@pytest.mark.parametrize(
    ("name", "shape", "settings"),
    [
        ("instance", (5, 3), {}),
        ("instance", (5, 3, 1, 1), {}),
        ("group", (5, 3), {"groups": 3}),
        ("layer", (5, 1), {}),
    ],
)
def test_a_single_value_is_not_normalised(name, shape, settings):
    norm = build(name, features=shape[1], **settings)
    with pytest.raises(ValueError, match=f"{shape[1]} groups of {shape[1]} features"):
        norm(sample(shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_filter_response_is_its_formula(shape):
    """Element by element; in vectors each value is its own scale."""
    norm = build("filter_response")
    random_affine(norm)
    y = sample(shape)
    maps = y.reshape(*shape[:2], -1)
    expected = torch.empty_like(maps)
    for i, j in torch.cartesian_prod(*map(torch.arange, shape[:2])).tolist():
        scale = math.sqrt(sum(v**2 for v in maps[i, j]) / maps.shape[2] + 1e-6)
        expected[i, j] = norm.gamma[j] * maps[i, j] / scale + norm.beta[j]
    torch.testing.assert_close(norm(y), expected.view(shape))
    assert torch.equal(norm.eval()(y), norm.train()(y))


# Variance normalisation, mean-only normalisation and Dynamic Tanh


@pytest.mark.parametrize("shape", SHAPES)
def test_variance_is_batch_norm_with_the_mean_put_back(shape):
    ours, batch = build("variance"), build("batch")
    random_affine(ours)
    y = sample(shape)
    dims = [0, *range(2, y.dim())]
    kept = y.mean(dims) / (y.var(dims, correction=0) + 1e-5).sqrt()
    expected = per_feature(ours.gamma, y) * (batch(y) + per_feature(kept, y))
    expected += per_feature(ours.beta, y)
    torch.testing.assert_close(ours(y), expected)


def test_variance_evaluates_with_its_running_average():
    norm = build("variance")
    first, second = sample(SHAPES[0]), 3 * sample(SHAPES[0])
    norm(first), norm(second)
    a, b = (y.var(0, correction=0) for y in (first, second))
    running = 0.9 * (0.9 + 0.1 * a) + 0.1 * b
    torch.testing.assert_close(norm.eval()(first), first / (running + 1e-5).sqrt())


@pytest.mark.parametrize("shape", SHAPES)
def test_mean_only_is_batch_norm_with_the_deviation_put_back(shape):
    ours, batch = build("mean_only"), build("batch")
    random_affine(ours)
    y = sample(shape)
    deviation = (y.var([0, *range(2, y.dim())], correction=0) + 1e-5).sqrt()
    expected = per_feature(ours.gamma * deviation, y) * batch(y)
    torch.testing.assert_close(ours(y), expected + per_feature(ours.beta, y))


def test_mean_only_evaluates_with_its_running_average():
    norm = build("mean_only")
    first, second = sample(SHAPES[0]), 3 + sample(SHAPES[0])
    norm(first), norm(second)
    running = 0.9 * 0.1 * first.mean(0) + 0.1 * second.mean(0)
    torch.testing.assert_close(norm.eval()(first), first - running)


@pytest.mark.parametrize("shape", SHAPES)
def test_dyt_is_its_formula(shape):
    norm = build("dyt")
    random_affine(norm)
    y = sample(shape)
    grown, fallen = (0.5 * y).exp(), (-0.5 * y).exp()
    expected = per_feature(norm.gamma, y) * (grown - fallen) / (grown + fallen)
    torch.testing.assert_close(norm(y), expected + per_feature(norm.beta, y))
    assert torch.equal(norm.eval()(y), norm.train()(y))
    assert norm.alpha.shape == ()
    assert build("dyt", initial_alpha=2).alpha == 2


# Of weights


LINEAR = {
    "convolution": (lambda: nn.Conv2d(3, 4, 3, 2, padding=1), (5, 3, 6, 6)),
    "fully connected": (lambda: nn.Linear(3, 4), (5, 3)),
}


@pytest.mark.parametrize("kind", LINEAR)
def test_weight_is_torchs_parametrisation(kind):
    """Outputs and the gradients of x, v, g and bias."""
    make_linear, shape = LINEAR[kind]
    torch.manual_seed(0)
    linear = make_linear().double()
    norm = build("weight", features=4)
    norm.initialise(linear.weight, "linear")
    theirs = nn.utils.parametrizations.weight_norm(make_linear().double())
    g, v = (getattr(theirs.parametrizations.weight, f"original{i}") for i in (0, 1))
    with torch.no_grad():
        linear.weight += torch.randn_like(linear.weight)  # v is no longer of length g
        v.copy_(linear.weight)
        g.copy_(norm.g.view_as(g))
        theirs.bias.copy_(linear.bias)
    ours = NormalisedLayer(linear, norm, nn.Identity())
    x = torch.randn(shape, dtype=torch.double, requires_grad=True)
    z, expected = ours(x), theirs(x)
    torch.testing.assert_close(z, expected)
    weights = torch.randn_like(z)
    actual = torch.autograd.grad(
        (z * weights).sum(), [x, linear.weight, norm.g, linear.bias]
    )
    expected = torch.autograd.grad((expected * weights).sum(), [x, v, g, theirs.bias])
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b.view_as(a))


@pytest.mark.parametrize("nonlinearity", ["linear", "relu"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2)])
def test_scaled_weight_standardisation_is_its_formula(shape, nonlinearity):
    norm = build("scaled_weight_standardisation", features=4)
    weight = sample(shape)
    norm.initialise(weight, nonlinearity)
    with torch.no_grad():
        norm.g.uniform_(0.5, 2)
    gain = math.sqrt(2 / (1 - 1 / math.pi)) if nonlinearity == "relu" else 1
    actual = norm.effective_weight(weight)
    for unit, g, its in zip(weight, norm.g, actual, strict=True):
        mean, deviation = unit.mean(), unit.std(correction=0)
        expected = g * gain * (unit - mean) / (deviation * math.sqrt(unit.numel()))
        torch.testing.assert_close(its, expected)


def test_the_gain_keeps_the_variance_behind_a_relu():
    """Brock et al. (2021), Section 4.1: inputs max(z, 0) of standard normal z."""
    norm = build("scaled_weight_standardisation", features=8)
    torch.manual_seed(0)
    weight = torch.randn(8, 500, dtype=torch.double) + 3
    norm.initialise(weight, "relu")
    x = torch.randn(20000, 500, dtype=torch.double).relu()
    y = x @ norm.effective_weight(weight).T
    assert y.mean(0).abs().max() < 0.05
    assert (y.var(0) - 1).abs().max() < 0.05


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2)])
@pytest.mark.parametrize("name", ["weight", "scaled_weight_standardisation"])
def test_gradcheck_of_norms_of_weights(name, shape):
    norm = build(name, features=4)
    norm.initialise(sample(shape), "linear")

    def function(weight, g):
        return torch.func.functional_call(norm, {"g": g}, (weight,))

    norm.forward = norm.effective_weight
    assert torch.autograd.gradcheck(function, (sample(shape).requires_grad_(), norm.g))


# Noise (Algorithm 1)


def test_noise_has_the_moments_of_algorithm_1():
    """a = 0 shows the shifts m, and a = 1 minus that the scales s."""
    norm = make("noise", 64)
    shifts, scales = [], []
    zeros = torch.zeros(32, 64, 6, 6).to(memory_format=torch.channels_last)
    for step in range(60):
        norm.step = step
        m = norm(zeros)
        shifts.append(m)
        scales.append(norm(zeros + 1) - m)
    m, s = torch.stack(shifts).double(), torch.stack(scales).double()
    over_elements = (1, 3, 4)
    mu, sigma = m.mean(over_elements), s.mean(over_elements)  # (step, feature)
    count = mu.numel()
    assert count == 60 * 64
    # Per feature and step: uniform on (-0.5, 0.5) and on (1, 1.25).
    assert abs(mu.mean()) < 4 * math.sqrt(1 / 12 / count)
    assert abs(mu.var() - 1 / 12) < 0.005
    assert mu.abs().max() < 0.51
    assert abs(sigma.mean() - 1.125) < 4 * 0.25 * math.sqrt(1 / 12 / count)
    assert abs(sigma.var() - 0.25**2 / 12) < 0.0005
    # Per element around them: uniform on (-0.1, 0.1) and normal with deviation 0.1.
    jitter = m - mu[:, None, :, None, None]
    assert jitter.abs().max() < 0.1 + 5 * 0.1 / math.sqrt(3 * 32 * 36)
    assert abs(jitter.var() - 0.1**2 / 3) < 1e-4
    spread = s - sigma[:, None, :, None, None]
    assert abs(spread.std() - 0.1) < 1e-3
    assert abs((spread**4).mean() / spread.var() ** 2 - 3) < 0.05
    assert abs((jitter * spread).mean()) < 1e-4


def test_noise_is_fresh_at_each_step_and_repeats_within_one():
    norm = make("noise", 64)
    a = torch.ones(4, 64, 2, 2)
    first, repeated = norm(a), norm(a)
    copied = copy.deepcopy(norm)
    norm.step = 1
    later = norm(a)
    assert torch.equal(first, repeated)
    assert torch.equal(first, copied(a))
    assert not (first == later).any()
    # Elements differ from one another: the noise is not one number a channel.
    assert first[0, 0].unique().numel() == 4


@pytest.mark.parametrize("attribute", [{"layer": 2}, {"names": ("run", 1)}])
def test_noise_differs_between_layers_and_runs(attribute):
    norm, other = make("noise", 8), make("noise", 8)
    vars(other).update(attribute)
    a = torch.ones(4, 8)
    assert not (norm(a) == other(a)).any()


def test_noise_is_off_in_evaluation():
    a = torch.ones(4, 64)
    assert torch.equal(make("noise", 64).eval()(a), a)


def test_noisy_batch_is_noise_upon_batch_norm():
    noisy = make("noisy_batch", 64)
    y = torch.randn(32, 64)
    plain = make("batch", 64)
    assert torch.equal(noisy(y), noisy.add_noise(plain(y)))


def test_a_class_of_another_base_is_refused(monkeypatch):
    monkeypatch.setattr("normscape.norms.none.Norm", nn.BatchNorm1d)
    with pytest.raises(ValueError, match=r"norms/none\.py.*Normaliser"):
        norms.load("none")
