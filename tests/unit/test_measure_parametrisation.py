"""The same function in another parametrisation: by hand, by torch, and what is refused."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vgg import VGG, cfgs, make_layers

from normscape import measure, norms
from normscape.measure import _parametrisation
from normscape.measure._parametrisation import InsertedNorm

KINDS = _parametrisation.KINDS
EPS = 1e-5


def loss(network, inputs, targets):
    return F.cross_entropy(network(inputs), targets)


@pytest.fixture
def batch():
    draws = torch.Generator().manual_seed(1)
    inputs = torch.randn(8, 3, 8, 8, generator=draws, dtype=torch.float64)
    return inputs, torch.arange(8) % 4


def convolutional(norm=nn.Identity) -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(3, 5, 3), norm(5), nn.ReLU(inplace=True)),
        *(nn.Conv2d(5, 6, 3), norm(6), nn.ReLU(inplace=True)),
        *(nn.Flatten(), nn.Linear(96, 7), nn.Tanh(), nn.Linear(7, 4)),
    )
    return network.double()


def resnet() -> ResNet:
    torch.manual_seed(0)
    return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=4).double()


def vgg() -> VGG:
    """Torchvision's VGG-11 with a small head, whose dropout draws random numbers."""
    torch.manual_seed(0)
    network = VGG(make_layers(cfgs["A"]), num_classes=4, init_weights=False)
    head = nn.Linear(512 * 49, 6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 4)
    network.classifier = nn.Sequential(*head)
    return network.double()


def weights(network):
    return [p.detach() for p in network.parameters() if p.dim() > 1]


@pytest.mark.parametrize("kind", KINDS)
def test_inserted_the_function_and_the_weights_stay(batch, kind):
    network = convolutional()
    before = copy.deepcopy(network.state_dict())
    inserted = measure.insert_batch_norm(network, loss, batch, kind=kind)
    torch.testing.assert_close(
        inserted(batch[0]), network(batch[0]), rtol=1e-12, atol=0
    )
    torch.testing.assert_close(weights(inserted), weights(network), rtol=0, atol=0)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
    placed = [m for m in inserted.modules() if isinstance(m, InsertedNorm)]
    assert [len(norm.gamma) for norm in placed] == [5, 6, 7]  # the outputs have none


@pytest.mark.parametrize("kind", KINDS)
def test_elsewhere_the_statistics_follow_the_batch_that_the_kind_says(kind):
    """Against torch's and the pipeline's normalisers, and the formula."""
    torch.manual_seed(0)
    y, moved = torch.randn(2, 6, 3, 4, 4, dtype=torch.float64) * 2 + 1
    norm = InsertedNorm(y, 1, kind, EPS)
    torch.testing.assert_close(norm(y), y)
    (mean, variance), (its_mean, its_variance) = (
        [
            t.view(1, 3, 1, 1)
            for t in (x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0))
        ]
        for x in (y, moved)
    )
    sigma, its_sigma = (variance + EPS).sqrt(), (its_variance + EPS).sqrt()
    if kind in ("batch", "l1", "l2", "linf"):
        other = norms.load(kind)(3, eps=EPS, running_momentum=0.1).double()
        other.load_state_dict(
            {"gamma": norm.gamma.data, "beta": norm.beta.data}, strict=False
        )
        expected = other(moved)
    else:
        expected = {
            "affine": moved,
            "frozen": moved,
            "centre": moved - its_mean + mean,
            "scale": (moved - mean) * sigma / its_sigma + mean,
        }[kind]
    torch.testing.assert_close(norm(moved), expected, rtol=1e-12, atol=1e-12)
    with torch.no_grad():  # gamma and beta scale and shift what is normalised
        norm.gamma.mul_(2)
        norm.beta.add_(1)
    start = {"affine": 0.0}.get(kind, norm.beta.detach().view(1, 3, 1, 1) - 1)
    expected = 2 * (expected - start) + start + 1
    torch.testing.assert_close(norm(moved), expected, rtol=1e-12, atol=1e-12)


def test_the_gradient_loses_its_mean_and_its_part_along_the_activations(batch):
    """Theorem 4.1 at the same function, where gamma / sigma is 1."""
    network = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(180, 4)
    ).double()
    inserted = measure.insert_batch_norm(network, loss, batch)
    gradients = []
    for each in (network, inserted):
        products = []
        linear = next(m for m in each.modules() if isinstance(m, nn.Conv2d))
        linear.register_forward_hook(lambda m, a, out, kept=products: kept.append(out))
        (gradient,) = torch.autograd.grad(loss(each, *batch), products)
        gradients.append(gradient.movedim(1, 0).flatten(1))
    y = products[0].detach().movedim(1, 0).flatten(1)
    normalised = (y - y.mean(1, keepdim=True)) / (
        y.var(1, correction=0, keepdim=True) + EPS
    ).sqrt()
    g = gradients[0]
    expected = g - g.mean(1, keepdim=True)
    expected -= normalised * (g * normalised).mean(1, keepdim=True)
    torch.testing.assert_close(gradients[1], expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", ["affine", "frozen"])
def test_controls_without_statistics_leave_the_gradient_of_the_weights(batch, kind):
    network = convolutional()
    inserted = measure.insert_batch_norm(network, loss, batch, kind=kind)
    gradients = [
        torch.autograd.grad(
            loss(each, *batch), [p for p in each.parameters() if p.dim() > 1]
        )
        for each in (network, inserted)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-14)


def test_folded_weights_are_those_of_torch(batch):
    network = convolutional(nn.BatchNorm2d)
    with torch.no_grad():
        for norm in (network[1], network[4]):
            norm.weight.uniform_(0.5, 2)
            norm.bias.normal_()
    folded = measure.fold_batch_norm(network, loss, batch)
    y = F.conv2d(batch[0], network[0].weight, network[0].bias)
    weight, bias = fuse_conv_bn_weights(
        *(network[0].weight, network[0].bias),
        *(y.mean((0, 2, 3)), y.var((0, 2, 3), correction=0), EPS),
        *(network[1].weight, network[1].bias),
    )
    torch.testing.assert_close(folded[0].weight, weight, rtol=1e-9, atol=1e-13)
    torch.testing.assert_close(folded[0].bias, bias, rtol=1e-9, atol=1e-13)
    assert isinstance(folded[1], nn.Identity)


def test_a_residual_network_is_folded_and_gets_batch_norm_again(batch):
    """Convolutions without bias, and with shortcuts that are convolutions, too."""
    network = resnet()
    folded = measure.fold_batch_norm(network, loss, batch)
    assert not [m for m in folded.modules() if isinstance(m, nn.BatchNorm2d)]
    inserted = measure.insert_batch_norm(folded, loss, batch)
    for other in (folded, inserted):
        torch.testing.assert_close(
            other(batch[0]), network(batch[0]), rtol=1e-9, atol=1e-12
        )
    refolded = measure.fold_batch_norm(inserted, loss, batch)
    torch.testing.assert_close(
        weights(refolded), weights(folded), rtol=1e-6, atol=1e-12
    )


def test_a_feature_that_is_constant_over_the_batch(batch):
    network = convolutional(nn.BatchNorm2d)
    with torch.no_grad():
        network[0].weight[0] = 0
    for converted in (
        measure.fold_batch_norm(network, loss, batch),
        measure.insert_batch_norm(
            measure.fold_batch_norm(network, loss, batch), loss, batch
        ),
    ):
        gradient = torch.autograd.grad(loss(converted, *batch), converted.parameters())
        assert all(g.isfinite().all() for g in gradient)


class Shared(nn.Module):
    """A layer that is called twice."""

    def __init__(self):
        super().__init__()
        self.twice, self.last = nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.last(self.twice(self.twice(x)))


def before_convolution() -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 8), nn.Flatten()).double()


@pytest.mark.parametrize(
    ("convert", "network", "line"),
    [
        (measure.insert_batch_norm, convolutional(nn.BatchNorm2d), "1: .*BatchNorm2d"),
        (measure.insert_batch_norm, nn.Linear(3, 2).double(), "one layer"),
        (measure.insert_batch_norm, Shared().double(), "twice: .* 2"),
        (measure.fold_batch_norm, before_convolution(), "0: .*linear map"),
        (
            measure.fold_batch_norm,
            convolutional(lambda features: nn.GroupNorm(1, features)),
            "1: .*scales and shifts",
        ),
    ],
)
def test_what_cannot_be_converted_is_one_line(batch, convert, network, line):
    if not any(isinstance(m, nn.Conv2d) for m in network.modules()):
        batch = torch.ones(4, 3, dtype=torch.float64), torch.tensor([0, 1, 0, 1])
    with pytest.raises(ValueError, match=line) as raised:
        convert(network, loss, batch)
    assert "\n" not in str(raised.value)


def test_an_unknown_kind_is_refused(batch):
    with pytest.raises(ValueError, match="kind: .*batch.*'layer'"):
        measure.insert_batch_norm(convolutional(), loss, batch, kind="layer")


def test_in_evaluation_mode_the_running_statistics_are_folded(batch):
    """In evaluation mode BatchNorm is another function than that of the batch."""
    network = convolutional(nn.BatchNorm2d)
    network(batch[0])  # running statistics
    inputs = batch[0] * 3, batch[1]

    def evaluated(each, *arguments):
        return loss(each.eval(), *arguments)

    folded = measure.fold_batch_norm(network, evaluated, inputs)
    torch.testing.assert_close(folded(inputs[0]), network.eval()(inputs[0]))


@pytest.mark.parametrize("kind", ["batch", "centre", "scale", "l1", "l2", "linf"])
def test_gradients_of_the_inserted_network_are_finite_differences(batch, kind):
    """Central differences of the loss in float64, along each parameter's own gradient."""
    inserted = measure.insert_batch_norm(convolutional(), loss, batch, kind=kind)
    parameters = list(inserted.parameters())
    gradient = torch.autograd.grad(loss(inserted, *batch), parameters)
    for parameter, its_gradient in zip(parameters, gradient, strict=True):
        length = its_gradient.norm()
        direction = its_gradient / length if length > 1e-9 else 0 * its_gradient
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter += sign * 1e-5 * direction
                values.append(loss(inserted, *batch))
                parameter -= sign * 1e-5 * direction
        slope = (values[0] - values[1]) / 2e-5
        torch.testing.assert_close(slope, length, rtol=1e-5, atol=1e-8)


def test_a_network_with_dropout_is_converted_and_random_numbers_stay():
    draws = torch.Generator().manual_seed(1)
    inputs = torch.randn(6, 3, 32, 32, generator=draws, dtype=torch.float64)
    batch = inputs, torch.arange(6) % 4
    network = vgg()
    torch.manual_seed(5)
    expected = loss(network, *batch)
    state = torch.get_rng_state()
    torch.manual_seed(5)
    inserted = measure.insert_batch_norm(network, loss, batch)
    torch.testing.assert_close(loss(inserted, *batch), expected, rtol=1e-10, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    placed = [m for m in inserted.modules() if isinstance(m, InsertedNorm)]
    assert len(placed) == 8 + 1  # all convolutions, and the head's hidden layer


def test_running_statistics_of_the_given_network_stay(batch):
    network = convolutional(nn.BatchNorm2d)
    before = copy.deepcopy(network.state_dict())
    measure.fold_batch_norm(network, loss, batch)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
