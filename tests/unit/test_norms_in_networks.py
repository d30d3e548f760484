"""Normalisers of samples and of weights in networks: what training and probes see."""

import copy
import functools
import math

import pytest
import torch
import torch.nn.functional as F
from numerics import double, loss_and_gradient, same, state, walk

from normscape import components, models, norms, probes, vectors
from normscape.measure._landscape import relative_direction

OF_SAMPLES = ["layer", "group", "instance", "rms", "filter_response"]
OF_WEIGHTS = ["weight", "scaled_weight_standardisation"]
OTHERS = ["variance", "mean_only", "dyt"]
CASES = [
    (model, norm)
    for model in ("vgg", "resnet", "vit", "dln")
    for norm in [*OF_SAMPLES, *OF_WEIGHTS, *OTHERS]
    if (model, norm) != ("dln", "instance")
]
LR = {"vgg": 0.1, "resnet": 0.1, "vit": 0.1, "dln": 1e-4}
SETTINGS = {
    "activations": {"bins": 4},
    "ics": {"parameters": "all"},
    "landscape": {
        "step_sizes": [0.01],
        "random_directions": 1,
        "relative_step_sizes": [0.01],
    },
    "rank": {},
}


def build(model, norm, data, seed=0, **settings):
    """A network of a normaliser with its defaults."""
    network = components.defaults("models", model) | settings

    make = functools.partial(norms.load(norm), **components.defaults("norms", norm))
    return models.build(model, data, network, make, seed)


def shaken(network):
    """The network in float64, its parameters moved at random from where they start."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.double().parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network


@pytest.mark.parametrize(("model", "norm"), CASES)
def test_a_step_is_finite_and_the_gradient_is_the_losss(make_run, model, norm):
    """Against a difference along the gradient, so short that it crosses no kink."""
    run = double(make_run(model, norm, LR[model]))
    loss, _, gradient = run.loss_and_gradient()
    square = vectors.dot(gradient, gradient)
    moved = copy.deepcopy(run.network)
    step = 1e-7 * float(loss) / square
    torch._foreach_add_([p.data for p in moved.parameters()], gradient, alpha=-step)
    after = moved.loss(moved(run.batch()[0]), run.batch()[1])
    assert float(loss - after.detach()) == pytest.approx(step * square, rel=0.01)
    loss, _, gradient = walk(run, 1).loss_and_gradient()
    assert loss.isfinite()
    assert all(g.isfinite().all() for g in gradient)


@pytest.mark.parametrize(("model", "norm"), CASES)
def test_probes_of_it_run_and_change_nothing(make_run, model, norm):
    run = walk(double(make_run(model, norm, LR[model])), 2)
    before = state(run)
    for probe, settings in SETTINGS.items():
        for rows in probes.measure(probe, run, settings).values():
            assert rows
        assert same(before, state(run))
    for row in probes.measure("landscape", run, SETTINGS["landscape"])["landscape"]:
        assert math.isfinite(row["loss"])


@pytest.mark.parametrize(
    ("model", "norm"),
    [case for case in CASES if case[1] not in ("variance", "mean_only")],
)
def test_evaluation_is_training_without_statistics_of_batches(make_data, model, norm):
    """And a sample's outputs are its own: they do not depend on the batch."""
    data = make_data(model)
    settings = {"dln": {"depth": 5}, "vit": {"width": 8}}.get(model, {"width": 2})
    network = shaken(build(model, norm, data, **settings))
    inputs = data["train_inputs"].double()
    inputs = inputs.movedim(-1, 1) if inputs.dim() == 4 else inputs
    with torch.no_grad():
        outputs = network(inputs)
        some = network(inputs[3:7])
        assert torch.equal(network.eval()(inputs), outputs)
    torch.testing.assert_close(outputs[3:7], some)


# The deep linear network, whose samples are columns


def plain_dln(network, x):
    """Its outputs by rows: x of shape (samples, features), and normalisers of rows."""
    for layer in network:
        weight, norm = layer.linear.weight, layer.norm
        weight = norm.effective_weight(weight)
        x = getattr(norm, "norm", norm)(x @ weight.T)
    return x


@pytest.mark.parametrize("norm", [norm for model, norm in CASES if model == "dln"])
def test_the_deep_linear_network_normalises_rows(norm):
    """Loss and gradient by autograd of a network whose samples are rows."""
    torch.manual_seed(0)
    x, targets = torch.randn(2, 50, 6, dtype=torch.double)
    data = {"train_inputs": x, "train_targets": targets}
    network = shaken(build("dln", norm, data, depth=4))
    loss, outputs, gradient = loss_and_gradient(network, x, targets)
    expected = plain_dln(network, x)
    by_hand = (expected - targets).square().sum()
    plain = torch.autograd.grad(by_hand, list(network.parameters()))
    torch.testing.assert_close(outputs, expected.detach())
    torch.testing.assert_close(loss, by_hand.detach())
    torch.testing.assert_close(gradient, list(plain))


def test_its_layer_norm_is_torchs_of_each_samples_features():
    torch.manual_seed(0)
    x = torch.randn(50, 6)
    network = build("dln", "layer", {"train_inputs": x}, depth=2)
    first, second = (layer.linear.weight for layer in network)
    expected = F.layer_norm(x @ first.T, [6]) @ second.T
    torch.testing.assert_close(network(x), expected)


def test_instance_normalisation_of_vectors_is_refused():
    x = torch.randn(50, 6)
    network = build("dln", "instance", {"train_inputs": x})
    with pytest.raises(ValueError, match="each group is a single value"):
        loss_and_gradient(network, x, x)


# Normalisers of weights


@pytest.mark.parametrize("model", ["vgg", "resnet", "dln"])
def test_weight_norm_starts_as_the_standard_network(make_run, model):
    """The same weights, the same outputs, and g is the length of each unit's weight."""
    standard, run = (double(make_run(model, norm)) for norm in ("none", "weight"))
    inputs, _ = run.batch()
    close = {"rtol": 1e-5, "atol": 1e-5}  # g was taken in float32
    torch.testing.assert_close(run.network(inputs), standard.network(inputs), **close)
    for a, b in zip(run.network.weights, standard.network.weights, strict=True):
        assert torch.equal(a, b)
    for layer in run.network.layers[:-1]:
        lengths = layer.linear.weight.flatten(1).norm(dim=1)
        torch.testing.assert_close(layer.norm.g, lengths, rtol=1e-6, atol=0)


def test_the_gain_is_that_of_the_nonlinearity_before(make_run):
    relu = math.sqrt(2 / (1 - 1 / math.pi))
    for model, gain in (("vgg", relu), ("resnet", relu), ("dln", 1)):
        run = make_run(model, "scaled_weight_standardisation")
        gains = [layer.norm.gain for layer in run.network.layers[:-1]]
        assert gains == [1] + [gain] * (len(gains) - 1)


@pytest.mark.parametrize("norm", OF_WEIGHTS)
@pytest.mark.parametrize("model", ["vgg", "resnet", "dln"])
def test_what_is_trained_is_the_layers_weight(make_run, model, norm):
    """It is decayed and has a relative direction; its own scale changes nothing."""
    run = double(make_run(model, norm, LR[model], l2_penalty=0.01))
    loss, _, gradient = run.loss_and_gradient()
    plain = copy.deepcopy(run.network)
    inputs, targets = run.batch()
    data_loss = plain.loss(plain(inputs), targets)
    leaves = [layer.linear.weight for layer in plain.layers]
    penalty = 0.005 * sum(weight.square().sum() for weight in leaves)
    torch.testing.assert_close(loss, (data_loss + penalty).detach())
    expected = torch.autograd.grad(data_loss + penalty, list(plain.parameters()))
    torch.testing.assert_close(gradient, list(expected))

    weights = set(map(id, run.network.weights))
    assert weights <= set(map(id, run.parameters))
    direction = relative_direction(run.parameters, run.network.weights, 0)
    for parameter, d in zip(run.parameters, direction, strict=True):
        length = parameter.detach().norm() if id(parameter) in weights else 0
        assert float(d.norm()) == pytest.approx(float(length))

    with torch.no_grad():
        for weight in leaves[:-1]:
            weight *= 3
        torch.testing.assert_close(plain.loss(plain(inputs), targets), data_loss)
