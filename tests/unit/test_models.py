"""Networks against torchvision's VGG-16, plain functions, and known distributions."""

import functools
import math

import hypothesis
import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import strategies as st
from numerics import loss_and_gradient
from torch import nn

from normscape import components, models, norms
from normscape.models import vit
from normscape.models.network import Convolution, NormalisedLayer

VGG = {
    "width": 64,
    "initialisation": "he_normal",
}
VIT = {"depth": 2, "width": 8, "heads": 2, "initialisation": "glorot_uniform"}
RESNET = {"depth": 8, "width": 2, "initialisation": "he_normal"}


def no_norm(features):
    return norms.Normaliser()


def make_norm(name):
    """What makes a normaliser of a layer, with its default settings."""
    return functools.partial(norms.load(name), **components.defaults("norms", name))


def images(height, channels=3, count=4, width=None):
    """Random images, which are square unless a width is given."""
    torch.manual_seed(0)
    return {
        "train_inputs": torch.randn(count, height, width or height, channels),
        "train_targets": 9 - torch.arange(count),
    }


def test_full_width_is_torchvisions():
    data = images(32)
    ours = models.build("vgg", data, VGG, no_norm, 0)
    theirs = torchvision.models.vgg16()
    convolutions = [layer.linear for layer in ours[:-1]]
    their_convolutions = [m for m in theirs.features if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13
    for a, b in zip(convolutions, their_convolutions, strict=True):
        assert a.weight.shape == b.weight.shape
        b.weight.data, b.bias.data = a.weight.data, a.bias.data
    # With the same weights it is the same function, up to the classifier.
    inputs = data["train_inputs"].movedim(-1, 1)
    features = theirs.features(inputs).flatten(1)
    torch.testing.assert_close(
        ours(inputs), ours[-1].linear(features), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("height", "width", "last"),
    [
        *((side, side, (2, 2)) for side in (8, 16, 32)),
        (28, 28, (3, 3)),
        (12, 16, (3, 2)),
        (64, 64, (4, 4)),
        (32, 8, (2, 2)),
        (5, 100, (2, 6)),
        (1, 40, (1, 2)),
        (3, 2, (3, 2)),
    ],
)
def test_vgg_pools_each_direction_to_no_less_than_2_pixels(height, width, last):
    data = images(height, 1, width=width)
    network = models.build("vgg", data, VGG | {"width": 2}, no_norm, 0)
    shapes = []
    for layer in network[10:13]:
        layer.norm.register_forward_hook(lambda m, a, out: shapes.append(out.shape))
    network(data["train_inputs"].movedim(-1, 1))
    assert [shape[2:] for shape in shapes] == [last] * 3


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("height", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_convolutions_of_small_maps_are_torchs(height, width, stride, bias):
    """Values, gradients and second derivatives, in both memory formats."""
    torch.manual_seed(0)
    ours = Convolution(3, 5, stride).double()
    if not bias:
        ours.bias = None
    x = torch.randn(4, 3, height, width, dtype=torch.double, requires_grad=True)
    inputs = [x, *ours.parameters()]

    def derivatives(outputs):
        gradient = torch.autograd.grad(outputs.pow(3).sum(), inputs, create_graph=True)
        length = sum(each.square().sum() for each in gradient)
        return outputs, gradient, torch.autograd.grad(length, inputs)

    theirs = F.conv2d(x, ours.weight, ours.bias, stride, padding=1)
    torch.testing.assert_close(ours(x[0]), theirs[0])  # without a batch
    expected = derivatives(theirs)
    for memory_format in (torch.contiguous_format, torch.channels_last):
        actual = derivatives(ours(x.contiguous(memory_format=memory_format)))
        torch.testing.assert_close(actual, expected)


SIDES = st.integers(1, 40)


@pytest.mark.parametrize(
    ("model", "network"),
    [
        ("vgg", VGG | {"width": 2}),
        ("resnet", RESNET),
        ("vit", VIT),
    ],
)
@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(height=SIDES, width=SIDES, channels=st.integers(1, 4))
def test_images_of_any_size_have_finite_outputs_and_gradients(
    model, network, height, width, channels
):
    data = images(height, channels, width=width)
    built = models.build(model, data, network, make_norm("batch"), 0)
    inputs, targets = data["train_inputs"].movedim(-1, 1), data["train_targets"]
    _, outputs, gradient = loss_and_gradient(built, inputs, targets)
    assert outputs.shape == (4, 10)
    assert outputs.isfinite().all()
    assert all(g.isfinite().all() for g in gradient)
    assert any(g.any() for g in gradient)


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
    settings = components.defaults("models", "resnet") | {"depth": depth}
    network = models.build("resnet", images(32), settings, make_norm("batch"), 0)
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
@pytest.mark.parametrize(
    ("height", "width", "channels"),
    [(16, 16, 1), (32, 32, 3), (15, 15, 2), (8, 8, 1), (9, 14, 2), (1, 7, 1)],
)
def test_resnet_is_a_plain_function(depth, height, width, channels):
    """Outputs, loss and gradient in float64; biases start at 0 and are drawn here."""
    settings = RESNET | {"depth": depth, "width": 3}
    data = images(height, channels, width=width)
    network = models.build("resnet", data, settings, no_norm, 0).double()
    with torch.no_grad():
        for layer in network.layers:
            layer.linear.bias.normal_()
    inputs = data["train_inputs"].movedim(-1, 1).double()
    loss, outputs, gradient = loss_and_gradient(network, inputs, data["train_targets"])

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


@pytest.mark.parametrize(
    ("model", "settings"), [("vgg", VGG | {"width": 2}), ("resnet", RESNET)]
)
def test_layers_are_in_the_order_of_the_forward_pass(model, settings):
    """All of them, with all parameters of the network; the classifier has no normaliser."""
    made = []

    def norm(features):
        made.append(norms.Normaliser())
        return made[-1]

    data = images(16, 1)
    network = models.build(model, data, settings, norm, 0)
    passed = []
    layers = [
        module for module in network.modules() if isinstance(module, NormalisedLayer)
    ]
    for layer in layers:
        layer.register_forward_hook(lambda module, *_: passed.append(module))
    network(data["train_inputs"].movedim(-1, 1))
    assert list(map(id, network.layers)) == list(map(id, passed))
    assert len(network.layers) == len(layers)
    assert [layer.norm for layer in network.layers[:-1]] == made
    parameters = [p for layer in network.layers for p in layer.parameters()]
    assert list(map(id, parameters)) == list(map(id, network.parameters()))
    assert list(map(id, network.weights)) == [id(x.linear.weight) for x in passed]


def torchs_encoder_layer(attention, expansion):
    """A torch.nn.TransformerEncoderLayer with the weights of a block's two stages."""
    (qkv, out), (first, second) = attention.layers, expansion.layers
    width = out.linear.out_features
    layer = nn.TransformerEncoderLayer(
        width,
        attention.layers[0].after.heads,
        first.linear.out_features,
        dropout=0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
        dtype=torch.double,
    )
    layer.self_attn.in_proj_weight = qkv.linear.weight
    layer.self_attn.in_proj_bias = qkv.linear.bias
    layer.self_attn.out_proj = nn.Linear(width, width).double()
    pairs = (
        (layer.self_attn.out_proj, out.linear),
        (layer.linear1, first.linear),
        (layer.linear2, second.linear),
    )
    for theirs, ours in pairs:
        theirs.weight, theirs.bias = ours.weight, ours.bias
    for theirs, ours in ((layer.norm1, qkv), (layer.norm2, first)):
        theirs.weight, theirs.bias = ours.before.norm.gamma, ours.before.norm.beta
    return layer


@pytest.mark.parametrize(
    ("height", "width", "channels"),
    [(16, 16, 1), (32, 32, 3), (8, 8, 1), (8, 20, 1), (10, 7, 2), (1, 1, 1)],
)
def test_vit_with_layer_norm_is_torchs_transformer(height, width, channels):
    """Outputs and gradient, in float64; biases, gamma and beta are drawn here."""
    data = images(height, channels, width=width)
    settings = VIT | {"depth": 3, "heads": 4, "width": 16}
    network = models.build("vit", data, settings, make_norm("layer"), 0).double()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 1:
                parameter += torch.randn_like(parameter)
    inputs = data["train_inputs"].movedim(-1, 1).double()

    patches, *blocks, classifier = network
    rows, columns = math.ceil(height / 4), math.ceil(width / 4)
    padded = inputs.new_zeros(4, channels, 4 * rows, 4 * columns)
    padded[:, :, :height, :width] = inputs
    patches = F.unfold(padded, 4, stride=4).mT @ patches.linear.weight.flatten(1).T
    x = patches + network[0].linear.bias + network[0].after.places.T
    for attention, expansion in zip(blocks[::2], blocks[1::2], strict=True):
        x = torchs_encoder_layer(attention, expansion)(x)
    norm, linear = classifier.before.norm, classifier.linear
    x = F.layer_norm(x, [16], norm.gamma, norm.beta)
    expected = F.linear(x.mean(1), linear.weight, linear.bias)
    close = {"rtol": 1e-10, "atol": 1e-10}
    outputs = network(inputs)
    torch.testing.assert_close(outputs, expected, **close)
    actual, plain = (
        torch.autograd.grad(
            network.loss(scores, data["train_targets"]), list(network.parameters())
        )
        for scores in (outputs, expected)
    )
    torch.testing.assert_close(actual, plain, **close)


@pytest.mark.parametrize(
    ("norm", "kind", "features"),
    [
        *((norm, "before", [16] * 5) for norm in ("batch", "instance", "rms", "dyt")),
        *((norm, "norm", [48, 64, 48, 64, 10]) for norm in ("weight",)),
    ],
)
def test_normalisers_of_the_vit_stand_before_attention_network_and_classifier(
    norm, kind, features
):
    settings = VIT | {"width": 16}
    network = models.build("vit", images(16), settings, make_norm(norm), 0)
    widths = [
        (
            number,
            len(norm_.g if kind == "norm" else getattr(norm_, "norm", norm_).gamma),
        )
        for number, layer in enumerate(network.layers, start=1)
        if list((norm_ := getattr(layer, kind, nn.Identity())).parameters())
    ]
    assert widths == list(zip((2, 4, 6, 8, 10), features, strict=True))


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (2, 5), (5, 2)])
def test_the_vits_places_are_all_different(rows, columns):
    count = rows * columns
    places = vit.places(8, rows, columns)
    assert places.shape == (8, count)
    assert len({tuple(place) for place in places.T.tolist()}) == count
    sines = [math.sin(i % columns) for i in range(count)]
    cosines = [math.cos(i // columns) for i in range(count)]
    assert places[0].tolist() == pytest.approx(sines)
    assert places[6].tolist() == pytest.approx(cosines)


def test_heads_that_do_not_divide_the_vits_width_are_refused():
    with pytest.raises(ValueError, match="heads: .*width = 8.* 3"):
        models.build("vit", images(16), VIT | {"heads": 3}, no_norm, 0)


@pytest.mark.parametrize("norm", ["none", "batch", "layer", "weight"])
def test_adam_trains_the_vit(make_run, norm):
    """It learns 70 random images by heart."""
    run = make_run("vit", norm, 0.01, name="Adam", batch_size=None)
    first, *_ = run.loss_and_gradient()
    for _ in range(60):
        run.advance(run.loss_and_gradient()[2])
    last, outputs, _ = run.loss_and_gradient()
    assert last < 0.1 * first
    assert (outputs.argmax(1) == run.batch()[1]).all()


def test_the_resnet_of_depth_20_has_20_layers():
    """As many weights as He et al. (2016), Table 6, give for it: 0.27 million."""
    settings = components.defaults("models", "resnet")
    network = models.build("resnet", images(32), settings, no_norm, 0)
    assert len(network.layers) == 20
    assert round(sum(weight.numel() for weight in network.weights) / 1e6, 2) == 0.27


def test_dln_is_a_product_of_matrices():
    torch.manual_seed(0)
    x = torch.randn(50, 6)
    data = {"train_inputs": x, "train_targets": torch.randn(50, 6)}
    settings = {"depth": 4, "initialisation": "glorot_normal"}
    network = models.build("dln", data, settings, no_norm, 0)
    product = torch.linalg.multi_dot([layer.linear.weight for layer in network][::-1])
    torch.testing.assert_close(network(x), x @ product.T)
    loss = network.loss(network(x), data["train_targets"])
    by_hand = sum(
        ((product @ a - b) ** 2).sum()
        for a, b in zip(x, data["train_targets"], strict=True)
    )
    torch.testing.assert_close(loss, by_hand)


def test_the_last_layer_of_a_dln_has_no_normaliser():
    data = {"train_inputs": torch.randn(5, 6), "train_targets": torch.randn(5, 6)}
    settings = {"depth": 4, "initialisation": "glorot_normal"}
    network = models.build("dln", data, settings, make_norm("batch"), 0)
    assert [layer.norm.replaces_bias for layer in network] == [True] * 3 + [False]


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
