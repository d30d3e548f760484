"""Networks against torchvision's VGG-16, a matrix product, and known distributions."""

import functools
import math

import pytest
import torch
import torchvision
from normscape.randomness import StepNoise
from torch import nn

from normscape import models, norms
from normscape.models.network import Network

VGG = {"width": 64, "fc_widths": [], "initialisation": "he_normal"}


def no_norm(features, layer):
    return nn.Identity()


def images(side, channels=3, count=4):
    torch.manual_seed(0)
    return {
        "train_inputs": torch.randn(count, side, side, channels),
        "train_targets": 9 - torch.arange(count),
    }


def test_full_width_is_vgg_16():
    data = images(32)
    ours = models.build("vgg", data, VGG, no_norm, 0)
    theirs = torchvision.models.vgg16()
    convolutions = [layer.linear for layer in ours[:-1]]
    of_torchvision = [m for m in theirs.features if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13
    for a, b in zip(convolutions, of_torchvision, strict=True):
        assert a.weight.shape == b.weight.shape
        b.weight.data, b.bias.data = a.weight.data, a.bias.data
    # With the same weights it is the same function, up to the classifier.
    inputs = data["train_inputs"].movedim(-1, 1)
    features = theirs.features(inputs).flatten(1)
    torch.testing.assert_close(
        ours(inputs), ours[-1].linear(features), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("side", [8, 16, 28, 32, 64])
def test_deep_blocks_see_at_least_2x2_maps(side):
    settings = VGG | {"width": 2}
    network = models.build("vgg", images(side, 1), settings, no_norm, 0)
    shapes = []
    for layer in network[10:13]:
        layer.norm.register_forward_hook(lambda m, a, out: shapes.append(out.shape))
    network(images(side, 1)["train_inputs"].movedim(-1, 1))
    assert all(min(shape[2:]) >= 2 for shape in shapes)


def test_fully_connected_widths():
    settings = VGG | {"width": 2, "fc_widths": [7, 5]}
    network = models.build("vgg", images(16), settings, no_norm, 0)
    assert [tuple(layer.linear.weight.shape) for layer in network[-3:]] == [
        (7, 16),
        (5, 7),
        (10, 5),
    ]


def test_dln_is_a_product_of_matrices():
    torch.manual_seed(0)
    x = torch.randn(50, 6)
    data = {"train_inputs": x, "train_targets": torch.randn(50, 6)}
    settings = {"depth": 4, "normalise_last": False, "initialisation": "glorot_normal"}
    network = models.build("dln", data, settings, no_norm, 0)
    product = torch.linalg.multi_dot([layer.linear.weight for layer in network][::-1])
    torch.testing.assert_close(network(x), x @ product.T)
    loss = network.loss(network(x), data["train_targets"])
    by_hand = sum(
        ((product @ a - b) ** 2).sum()
        for a, b in zip(x, data["train_targets"], strict=True)
    )
    torch.testing.assert_close(loss, by_hand)


class _Softsign(nn.Module):
    """A normaliser that leaves its backward pass to autograd."""

    def forward(self, y):
        return y / (1 + y.abs())


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("none", {}),
        ("batch", {}),
        ("noise", {}),
        ("noisy_batch", {}),
        ("noisy_batch", {"placement": "before_affine"}),
        ("l1", {}),
        ("l2", {"centred": True}),
        ("linf", {}),
        ("softsign", {}),
    ],
)
def test_dln_gradient_is_autograds(name, settings, last):
    """Loss, outputs, gradient and running statistics of two steps."""
    torch.manual_seed(0)
    x, targets = torch.randn(2, 50, 6, dtype=torch.double)
    data = {"train_inputs": x, "train_targets": targets}
    network = {"depth": 4, "normalise_last": last, "initialisation": "glorot_normal"}
    noise = StepNoise("test")

    def norm(features, layer):
        if name == "softsign":
            return _Softsign()
        draws = functools.partial(noise.generator, layer)
        return norms.load(name)(features, draws, **settings)

    ours, theirs = (
        models.build("dln", data, network, norm, 0).double() for _ in range(2)
    )
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    theirs.load_state_dict(ours.state_dict())
    for noise.step in (0, 1):
        found = ours.loss_and_gradient(x, targets)
        expected = Network.loss_and_gradient(theirs, x, targets)
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize(("last", "count"), [(False, 3), (True, 4)])
def test_normalise_last(last, count):
    data = {"train_inputs": torch.randn(5, 6), "train_targets": torch.randn(5, 6)}
    settings = {"depth": 4, "normalise_last": last, "initialisation": "glorot_normal"}
    asked = []
    models.build(
        "dln", data, settings, lambda f, n: asked.append(n) or nn.Identity(), 0
    )
    assert asked == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("he_normal", 2 / 4608),
        ("he_uniform", 2 / 4608),
        ("glorot_normal", 2 / 9216),
        ("glorot_uniform", 2 / 9216),
    ],
)
def test_initialisation(scheme, variance):
    """A 3x3 convolution from 512 to 512 channels has fan-in and fan-out 9 * 512."""
    network = models.build(
        "vgg", images(32), VGG | {"initialisation": scheme}, no_norm, 0
    )
    weight = network[11].linear.weight.detach()
    assert abs(weight.var() / variance - 1) < 0.01
    uniform = float(weight.abs().max()) <= math.sqrt(3 * variance) * 1.0001
    assert uniform == scheme.endswith("uniform")
    assert all((layer.linear.bias == 0).all() for layer in network)
