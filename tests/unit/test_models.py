"""Networks against torchvision's VGG-16, plain functions, and known distributions."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from normscape import models, norms, parts
from normscape.models import vit
from normscape.models.network import Layer, Network
from normscape.randomness import StepNoise

VGG = {
    "configuration": "D",
    "width": 64,
    "fc_widths": [],
    "initialisation": "he_normal",
}
RESNET = {"depth": 8, "width": 2, "initialisation": "he_normal"}
VIT = {
    "patch": 4,
    "width": 8,
    "heads": 2,
    "depth": 2,
    "mlp_ratio": 3,
    "initialisation": "glorot_uniform",
}


def no_norm(features, layer):
    return nn.Identity()


def images(side, channels=3, count=4):
    torch.manual_seed(0)
    return {
        "train_inputs": torch.randn(count, side, side, channels),
        "train_targets": 9 - torch.arange(count),
    }


@pytest.mark.parametrize(
    ("configuration", "name", "count"),
    [("A", "vgg11", 8), ("B", "vgg13", 10), ("D", "vgg16", 13), ("E", "vgg19", 16)],
)
def test_full_width_is_torchvisions(configuration, name, count):
    data = images(32)
    settings = VGG | {"configuration": configuration}
    ours = models.build("vgg", data, settings, no_norm, 0)
    theirs = getattr(torchvision.models, name)()
    convolutions = [layer.linear for layer in ours[:-1]]
    of_torchvision = [m for m in theirs.features if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == count
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


# Layers of a ResNet: their channels as a multiple of the width, and their strides.
SHAPES = {
    8: ([1, 1, 1, 2, 2, 4, 4], [1, 1, 1, 2, 1, 2, 1]),
    20: ([1] * 7 + [2] * 6 + [4] * 6, [1] * 7 + [2] + [1] * 5 + [2] + [1] * 5),
}


@pytest.mark.parametrize("width", [1, 3, 16])
@pytest.mark.parametrize("depth", SHAPES)
def test_resnet_layers(depth, width):
    settings = RESNET | {"depth": depth, "width": width}
    network = models.build("resnet", images(32), settings, no_norm, 0)
    *convolutions, classifier = [layer.linear for layer in network.layers]
    factors, strides = SHAPES[depth]
    assert len(network.layers) == depth == len(factors) + 1
    assert [c.stride for c in convolutions] == [(stride, stride) for stride in strides]
    channels = [3] + [factor * width for factor in factors]
    assert [tuple(c.weight.shape) for c in convolutions] == [
        (after, before, 3, 3)
        for before, after in zip(channels, channels[1:], strict=False)
    ]
    assert classifier.weight.shape == (10, 4 * width)


@pytest.mark.parametrize(
    ("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85)]
)
def test_resnet_has_the_published_number_of_parameters(depth, millions):
    """Table 6 of He et al. (2016), for CIFAR-10 and with batch normalisation."""
    settings = parts.defaults("models", "resnet") | {"depth": depth}

    def norm(features, layer):
        defaults = parts.defaults("norms", "batch")
        return norms.load("batch")(features, None, **defaults)

    network = models.build("resnet", images(32), settings, norm, 0)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert round(count / 1e6, 2) == millions


def plain_resnet(parameters, x):
    """ResNet without normalisation as a function of weights and biases in turn."""
    (weight, bias), *blocks = zip(parameters[::2], parameters[1::2], strict=True)
    x = F.relu(F.conv2d(x, weight, bias, padding=1))
    *blocks, (weight, bias) = blocks
    for (a, b), (c, d) in zip(blocks[::2], blocks[1::2], strict=True):
        stride = len(a) // x.shape[1]  # where channels double, maps halve
        inner = F.relu(F.conv2d(x, a, b, stride=stride, padding=1))
        inner = F.conv2d(inner, c, d, padding=1)
        skipped = torch.zeros_like(inner)
        skipped[:, : x.shape[1]] = x[:, :, ::stride, ::stride]
        x = F.relu(inner + skipped)
    return x.mean((2, 3)) @ weight.T + bias


@pytest.mark.parametrize("depth", [8, 20])
@pytest.mark.parametrize(("side", "channels"), [(16, 1), (32, 3), (15, 2), (8, 1)])
def test_resnet_is_a_plain_function(depth, side, channels):
    """Outputs, loss and gradient in float64; biases start at 0 and are drawn here."""
    settings = RESNET | {"depth": depth, "width": 3}
    data = images(side, channels)
    network = models.build("resnet", data, settings, no_norm, 0).double()
    with torch.no_grad():
        for layer in network.layers:
            layer.linear.bias.normal_()
    inputs = data["train_inputs"].movedim(-1, 1).double()
    loss, outputs, gradient = network.loss_and_gradient(inputs, data["train_targets"])

    parameters = [p.detach().requires_grad_() for p in network.parameters()]
    expected = plain_resnet(parameters, inputs)
    close = {"rtol": 1e-12, "atol": 1e-12}
    assert outputs.shape == (4, 10)
    torch.testing.assert_close(outputs, expected.detach(), **close)
    scores = expected.log_softmax(1)
    by_hand = -sum(scores[i, t] for i, t in enumerate(data["train_targets"])) / 4
    torch.testing.assert_close(loss, by_hand.detach(), **close)
    plain = torch.autograd.grad(by_hand, parameters)
    torch.testing.assert_close(gradient, list(plain), **close)


def test_vit_is_torchs_encoder():
    """Of the same weights, with layer normalisation; outputs and gradient in float64."""
    data = images(12)
    make = functools.partial(norms.load("layer"), noise=None, eps=1e-5)
    network = models.build("vit", data, VIT, lambda f, _: make(f), 0).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    embed, *branches, head = network
    encoder = nn.TransformerEncoderLayer(
        *(8, 2, 24, 0.0, "gelu"), batch_first=True, norm_first=True
    )
    blocks = nn.TransformerEncoder(
        encoder, 2, nn.LayerNorm(8), enable_nested_tensor=False
    ).double()
    pairs = []
    for theirs, attend, mlp in zip(
        blocks.layers, branches[::2], branches[1::2], strict=True
    ):
        (qkv, out), (up, down) = attend.layers, mlp.layers
        attention = theirs.self_attn
        pairs += [
            (attention.in_proj_weight, qkv.linear.weight),
            (attention.in_proj_bias, qkv.linear.bias),
            (attention.out_proj.weight, out.linear.weight),
            (attention.out_proj.bias, out.linear.bias),
        ]
        for norm, ours in ((theirs.norm1, qkv.norm), (theirs.norm2, up.norm)):
            pairs += [(norm.weight, ours.gamma), (norm.bias, ours.beta)]
        for linear, ours in ((theirs.linear1, up), (theirs.linear2, down)):
            pairs += [(linear.weight, ours.linear.weight)]
            pairs += [(linear.bias, ours.linear.bias)]
    pairs += [(blocks.norm.weight, head.norm.gamma), (blocks.norm.bias, head.norm.beta)]
    assert len(pairs) == len(list(blocks.parameters()))
    with torch.no_grad():
        for theirs, ours in pairs:
            theirs.copy_(ours)

    inputs = data["train_inputs"].movedim(-1, 1).double()
    loss, outputs, gradient = network.loss_and_gradient(inputs, data["train_targets"])
    patches = inputs.unfold(2, 4, 4).unfold(
        3, 4, 4
    )  # image, channel, row, column, y, x
    weight, bias = embed.linear.weight.detach(), embed.linear.bias.detach()
    tokens = torch.einsum("ncijyx,fcyx->nijf", patches, weight).flatten(1, 2) + bias
    tokens = tokens + vit.positions(8, 3)
    expected = head.linear(blocks(tokens).mean(1))
    close = {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(outputs, expected.detach(), **close)
    of_ours = dict(zip(map(id, network.parameters()), gradient, strict=True))
    plain = torch.autograd.grad(
        F.cross_entropy(expected, data["train_targets"]), [p for p, _ in pairs]
    )
    for (_, ours), theirs in zip(pairs, plain, strict=True):
        torch.testing.assert_close(of_ours[id(ours)], theirs, **close)


def test_positions_are_sines_of_columns_and_rows():
    found = vit.positions(12, 4)
    assert found.shape == (16, 12)
    periods = (1, 100, 10000)
    row, column = 2, 3
    expected = [
        f(place / p)
        for place in (column, row)
        for f in (math.sin, math.cos)
        for p in periods
    ]
    torch.testing.assert_close(found[row * 4 + column].tolist(), expected)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"patch": 5}, "patch: found 5, allowed are divisors of 16"),
        ({"width": 6}, "width: found 6, allowed are multiples of 4 and 2"),
        ({"heads": 3}, "width: found 8, allowed are multiples of 4 and 3"),
    ],
)
def test_a_vit_that_does_not_fit_is_refused(settings, line):
    with pytest.raises(ValueError, match=line):
        models.build("vit", images(16), VIT | settings, no_norm, 0)


@pytest.mark.parametrize(
    ("model", "settings", "normalised"),
    [
        ("vgg", VGG | {"width": 2}, range(1, 14)),  # the classifier has none
        ("resnet", RESNET, range(1, 8)),
        ("vit", VIT, range(2, 11, 2)),
    ],
)
def test_layers_are_in_the_order_of_the_forward_pass(model, settings, normalised):
    """All of them, with all parameters of the network; normalisers have their numbers."""
    asked = []
    data = images(16, 1)
    network = models.build(
        model, data, settings, lambda f, n: asked.append(n) or nn.Identity(), 0
    )
    passed = []
    layers = [module for module in network.modules() if isinstance(module, Layer)]
    for layer in layers:
        layer.register_forward_hook(lambda module, *_: passed.append(module))
    network(data["train_inputs"].movedim(-1, 1))
    assert list(map(id, network.layers)) == list(map(id, passed))
    assert len(network.layers) == len(layers)
    assert asked == list(normalised)
    of_layers = [p for layer in network.layers for p in layer.parameters()]
    assert list(map(id, of_layers)) == list(map(id, network.parameters()))
    assert list(map(id, network.weights)) == [id(x.linear.weight) for x in passed]


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
        chosen = parts.defaults("norms", name) | settings
        return norms.load(name)(features, draws, **chosen)

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
