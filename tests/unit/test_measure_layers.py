"""Which modules are layers and normalisers, their names, and a choice of them."""

import pytest
import torch
import torch.nn.functional as F
from measuring import cross_entropy, vectors
from torch import nn
from torch.nn.utils import parametrizations

from normscape import measure

BATCH = vectors()


class Conv1D(nn.Module):
    """A linear map as in transformers' GPT-2, with a transposed weight."""

    def __init__(self, features, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return x @ self.weight + self.bias


class BatchNormAct(nn.BatchNorm1d):
    """A normaliser that contains a non-linearity, as timm's."""

    def __init__(self, features):
        super().__init__(features)
        self.drop, self.act = nn.Identity(), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.drop(super().forward(x)))


class LayerScale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((features,), 0.5))

    def forward(self, x):
        return self.gamma * x


class Named(nn.Module):
    """A normaliser that is one by its name in the network."""

    def __init__(self, norm):
        super().__init__()
        self.linear, self.bn, self.head = nn.Linear(6, 8), norm, nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.bn(self.linear(x)))


def layers(*modules, **settings):
    torch.manual_seed(0)
    network = nn.Sequential(*modules).double()
    return measure.layers(network, cross_entropy, BATCH, **settings)


@pytest.mark.parametrize(
    ("between", "norm"),
    [
        ([nn.BatchNorm1d(8)], "1"),
        ([nn.LayerNorm(8, elementwise_affine=False)], "1"),
        ([BatchNormAct(8)], "1"),
        ([nn.Sequential(nn.LayerNorm(8), nn.ReLU())], "1.0"),
        ([nn.ReLU(), nn.BatchNorm1d(8)], None),
        ([nn.ReLU(inplace=True), nn.BatchNorm1d(8)], None),
        ([LayerScale(8)], None),
        ([nn.PReLU(8)], None),
    ],
)
def test_the_normaliser_of_a_layer(between, norm):
    first, last = layers(nn.Linear(6, 8), *between, nn.Linear(8, 4))
    assert (first["norm"], last["norm"]) == (norm, None)


class Methods(nn.Module):
    """A network, and a module in it, that the loss calls by methods alone."""

    def __init__(self):
        super().__init__()
        self.shift, self.first = nn.Parameter(torch.zeros(6)), nn.Linear(6, 8)
        self.decoder = nn.ModuleDict({"head": nn.Linear(8, 4)})
        self.decoder.scale = nn.Parameter(torch.ones(8))

    def encode(self, x):
        return self.first(x + self.shift).tanh()

    def decode(self, h):
        return self.decoder["head"](h * self.decoder.scale)


def test_parameters_of_modules_that_are_called_by_methods():
    def loss(network, inputs, targets):
        return F.cross_entropy(network.decode(network.encode(inputs)), targets)

    first, last = measure.layers(Methods().double(), loss, BATCH)
    assert first["parameters"] == [
        "shift",
        "first.weight",
        "first.bias",
        "decoder.scale",
    ]
    assert last["parameters"] == ["decoder.head.weight", "decoder.head.bias"]


def test_a_normaliser_by_its_name_in_the_network():
    rows = layers(Named(LayerScale(8)))
    assert [(row["name"], row["norm"]) for row in rows] == [
        ("0.linear", "0.bn"),
        ("0.head", None),
    ]


def test_an_activation_comes_before_the_nonlinearity_inside_its_normaliser():
    network = nn.Sequential(nn.Linear(6, 8), BatchNormAct(8), nn.Linear(8, 4)).double()
    moments, _ = measure.activations(network, cross_entropy, BATCH, network)
    rows = {(row["name"], row["scope"]): row for row in moments}
    assert rows["0", "layer"]["mean"] == pytest.approx(0, abs=1e-12)
    assert rows["0", "layer"]["variance"] == pytest.approx(1, rel=1e-3)


def test_computed_weights_and_conv1d_are_layers():
    rows = layers(
        parametrizations.weight_norm(nn.Linear(6, 8)),
        nn.utils.spectral_norm(nn.Linear(8, 8)),
        Conv1D(4, 8),
    )
    assert [row["kind"] for row in rows] == ["ParametrizedLinear", "Linear", "Conv1D"]
    assert rows[0]["parameters"] == [
        "0.bias",
        "0.parametrizations.weight.original0",
        "0.parametrizations.weight.original1",
    ]
    assert rows[1]["parameters"] == ["1.bias", "1.weight_orig"]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.recurrent = nn.Linear(6, 6), nn.LSTM(6, 4, batch_first=True)
        self.idle = nn.Linear(2, 2)

    def forward(self, x):
        return self.recurrent(self.embed(x))[0][:, -1]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, [(1, "embed")]),
        ("recurrent", [(2, "recurrent")]),
        (["embed", "recurrent"], [(1, "embed"), (2, "recurrent")]),
        ("e*", [(1, "embed")]),
        ("*", [(1, "embed")]),
    ],
)
@pytest.mark.filterwarnings("ignore:the loss does not depend on idle")
def test_a_choice_by_name_or_pattern(choice, expected):
    torch.manual_seed(0)
    network, batch = Recurrent().double(), vectors(8, 5, 6)
    arguments = network, cross_entropy, batch
    after = measure.after_step(
        network, torch.optim.SGD(network.parameters(), 0.5), *arguments[1:]
    )
    for rows in (
        measure.layers(*arguments, layers=choice),
        measure.ics(*arguments, after, layers=choice),
        measure.invariance(*arguments, after, layers=choice),
    ):
        assert [(row["layer"], row["name"]) for row in rows] == expected
    moments, _ = measure.activations(*arguments, after, layers=choice)
    assert {row["name"] for row in moments} == {name for _, name in expected}


@pytest.mark.filterwarnings("ignore:the loss does not depend on idle")
def test_a_chosen_layer_has_the_numbers_that_it_has_among_all():
    """The layers before it take the step also if they have no rows."""
    network, batch = Recurrent().double(), vectors(8, 5, 6)
    arguments = network, cross_entropy, batch
    after = measure.after_step(
        network, torch.optim.SGD(network.parameters(), 0.5), *arguments[1:]
    )
    both = measure.ics(*arguments, after, layers=["embed", "recurrent"])
    assert measure.ics(*arguments, after, layers="recurrent") == both[1:]
    assert both[1]["gradient_change"] > 0


@pytest.mark.parametrize("choice", ["idle", ["embed", "idle"], "i*", "none"])
def test_a_choice_that_is_not_called_is_refused(choice):
    with pytest.raises(ValueError, match=r"layers: expected .*(idle|i\*|none)"):
        measure.layers(
            Recurrent().double(), cross_entropy, vectors(8, 5, 6), layers=choice
        )


def test_frozen_layers_have_activations():
    network = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4)).double()
    network.requires_grad_(False)
    arguments = network, cross_entropy, BATCH, network
    with pytest.raises(ValueError, match="layers="):
        measure.activations(*arguments)
    moments, _ = measure.activations(*arguments, layers="*")
    assert [row["layer"] for row in moments] == [1, 1, 1, 2, 2, 2]
    outputs = network[0](BATCH[0])
    assert moments[1]["mean"] == pytest.approx(outputs.mean().item())


def test_activations_of_several_batches_and_of_a_convolution_without_batch():
    network = nn.Sequential(
        nn.Conv1d(1, 3, 2), nn.Flatten(0), nn.Linear(15, 4)
    ).double()

    def loss(network, inputs):
        return network(inputs).square().mean()

    images = BATCH[0][:, None]
    batches = [(image,) for image in images]
    moments, _ = measure.activations(network, loss, batches, network)
    unit = moments[0]
    values = network[0](images)[:, unit["unit"]]
    assert unit["mean"] == pytest.approx(values.mean().item())
    assert unit["variance"] == pytest.approx(values.var(correction=0).item())


def test_the_histogram_of_a_constant_activation_is_around_its_value():
    network = nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 4)).double()
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].bias.fill_(7.0)
    _, histograms = measure.activations(network, cross_entropy, BATCH, network, bins=4)
    bins = [row for row in histograms if (row["layer"], row["scope"]) == (1, "unit")]
    ends = [(row["left"], row["right"]) for row in bins]
    assert ends == [(6.5, 6.75), (6.75, 7.0), (7.0, 7.25), (7.25, 7.5)]
    assert sorted(row["density"] for row in bins) == [0, 0, 0, 4]
