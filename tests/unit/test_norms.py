"""Every normaliser against its formula, its gradient and its statistics."""

import functools
import math

import pytest
import torch
from torch import nn

from normscape import norms, parts
from normscape.randomness import StepNoise

SHAPES = [(16, 3), (5, 3, 4, 2)]
LP = {"l1": 1, "l2": 2, "linf": math.inf}


def make(name, features=3, noise=None, **settings):
    """A normaliser whose settings are the defaults but for those given."""
    settings = parts.defaults("norms", name) | settings
    return norms.load(name)(features, noise, **settings)


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


def lp_formula(y, order, centred, gamma, beta, eps=1e-5):
    dims = [0, *range(2, y.dim())]
    count = y.numel() // y.shape[1]
    shape = (1, -1, *[1] * (y.dim() - 2))
    mean = y.mean(dims, keepdim=True)
    u = y - mean if centred else y
    if order == math.inf:
        scale = u.abs().amax(dims, keepdim=True)
    else:
        scale = (u.abs().pow(order).sum(dims, keepdim=True) / count) ** (1 / order)
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
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("name", LP)
def test_lp_is_its_formula(name, centred, shape):
    norm = build(name, centred=centred)
    random_affine(norm)
    y = sample(shape)
    expected = lp_formula(y, LP[name], centred, norm.gamma, norm.beta)
    torch.testing.assert_close(norm(y), expected)


@pytest.mark.parametrize("name", LP)
def test_lp_gradient_is_that_of_the_formula(name):
    """Autograd through plain operations is another way to the same gradient."""
    norm = build(name)
    random_affine(norm)
    y = sample(SHAPES[1]).requires_grad_()
    weights = torch.randn(y.shape, dtype=torch.double)
    ours = torch.autograd.grad((norm(y) * weights).sum(), [y, norm.gamma, norm.beta])
    z = lp_formula(y, LP[name], False, norm.gamma, norm.beta)
    theirs = torch.autograd.grad((z * weights).sum(), [y, norm.gamma, norm.beta])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "settings"),
    [("none", {}), ("batch", {}), ("noise", {}), ("noisy_batch", {})]
    + [("noisy_batch", {"placement": "before_affine"})]
    + [(name, {"centred": centred}) for name in LP for centred in (False, True)],
)
def test_gradcheck(name, settings, shape):
    noise = functools.partial(StepNoise("gradcheck").generator, 1)
    norm = build(name, noise=noise, **settings)
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
    norm = build("l2", features=1, centred=True)
    y = torch.full((8, 1), 3.0, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(norm(y).sum(), y)
    assert torch.equal(norm(y), torch.zeros_like(y))
    assert gradient.isfinite().all()


# Noise (Algorithm 1)


def noise_of(name="noise", **settings):
    source = StepNoise("test", name)
    noise = functools.partial(source.generator, 2)
    return make(name, 64, noise, **settings), source


def test_noise_has_the_moments_of_algorithm_1():
    """a = 0 shows the shifts m, and a = 1 minus that the scales s."""
    norm, source = noise_of()
    shifts, scales = [], []
    zeros = torch.zeros(32, 64, 6, 6).to(memory_format=torch.channels_last)
    for source.step in range(60):
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
    norm, source = noise_of()
    a = torch.ones(4, 64, 2, 2)
    first, again = norm(a), norm(a)
    source.step = 1
    later = norm(a)
    assert torch.equal(first, again)
    assert not (first == later).any()
    # Elements differ from one another: the noise is not one number a channel.
    assert first[0, 0].unique().numel() == 4


def test_noise_differs_between_layers():
    source = StepNoise("test")
    a = torch.ones(4, 8)
    out = [
        make("noise", 8, functools.partial(source.generator, layer))(a)
        for layer in (1, 2)
    ]
    assert not (out[0] == out[1]).any()


def test_noise_is_off_in_evaluation_unless_asked_for():
    norm, _ = noise_of()
    a = torch.ones(4, 64)
    assert torch.equal(norm.eval()(a), a)
    norm, _ = noise_of(in_evaluation=True)
    assert not torch.equal(norm.eval()(a), a)


def test_scale_jitter_as_a_variance():
    norm, _ = noise_of(scale_jitter_is="variance", mean_jitter=0.0, mean_shift=0.0)
    s = norm(torch.ones(20000, 64)).double()
    assert abs(s.std(0).mean() - math.sqrt(0.1)) < 2e-3


def test_noisy_batch_is_noise_upon_batch_norm():
    noisy, _ = noise_of("noisy_batch")
    y = torch.randn(32, 64)
    plain = make("batch", 64)
    assert torch.equal(noisy(y), noisy.add_noise(plain(y)))


def test_noisy_batch_before_the_affine_map():
    noisy, _ = noise_of("noisy_batch", placement="before_affine")
    random_affine(noisy)
    y = torch.randn(32, 64)
    plain = make("batch", 64)
    expected = noisy.gamma * noisy.add_noise(plain(y)) + noisy.beta
    torch.testing.assert_close(noisy(y), expected)
