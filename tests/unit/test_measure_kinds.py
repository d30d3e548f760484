"""Networks and losses of many kinds: values by autograd on the network itself, and no trace."""

import contextlib
import copy
import random
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from measuring import cross_entropy, everything, unchanged, vectors
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from normscape import measure

KINDS = {}


def kind(make):
    """Register a function that gives a network and what differs from the default."""

    def complete():
        torch.manual_seed(0)
        network, settings = make()
        given = {
            "network": network,
            "loss": cross_entropy,
            "batch": vectors(),
            "others": (),
            "tensors": (),
            "layers": None,
        }
        given |= settings
        optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
        given.setdefault("optimiser", optimiser)
        return SimpleNamespace(**given)

    KINDS[make.__name__] = complete
    return make


def mlp(*hidden) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), *hidden, nn.Tanh(), nn.Linear(8, 4)).double()


class Recurrent(nn.Module):
    """A linear map in front of a recurrent layer, whose output is a tuple."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(6, 6), nn.Linear(5, 4)
        self.recurrent = nn.GRU(6, 5, batch_first=True)

    def forward(self, x):
        return self.head(self.recurrent(self.embed(x))[0][:, -1])


@kind
def recurrent():
    settings = {"batch": vectors(8, 5, 6), "layers": ["recurrent", "head"]}
    return Recurrent().double(), settings


class Mixture(nn.Module):
    """Experts, of which some are idle."""

    def __init__(self):
        super().__init__()
        self.gate, self.head = nn.Linear(6, 4), nn.Linear(6, 4)
        self.experts = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))

    def forward(self, x):
        weights = self.gate(x).softmax(-1)
        chosen = weights.argmax(-1) // 2  # experts 0 and 1
        outputs = torch.zeros_like(x)
        for number, expert in enumerate(self.experts[:2]):
            mine = chosen == number
            outputs[mine] = expert(x[mine]) * weights[mine, number : number + 1]
        return self.head(outputs)


@kind
def mixture_of_experts():
    return Mixture().double(), {}


@kind
def loss_that_differentiates():
    def penalised(network, inputs, targets):
        inputs = inputs.clone().requires_grad_()
        outputs = network(inputs)
        (slope,) = torch.autograd.grad(outputs.sum(), inputs, create_graph=True)
        return F.cross_entropy(outputs, targets) + slope.square().mean()

    return mlp(), {"loss": penalised}


@kind
def loss_linear_in_a_weight():
    def critic(network, inputs, targets):
        return network(inputs).mean()

    return mlp(), {"loss": critic}


@kind
def adversarial():
    """The discriminator in the loss has running statistics and gradients of its own."""
    generator = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 6))
    generator = generator.double()
    critic = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)).double()
    critic(torch.randn(5, 6).double()).sum().backward()

    def loss(network, noise):
        return F.softplus(-critic(network(noise))).mean()

    batch = (torch.randn(8, 3).double(),)
    return generator, {"loss": loss, "batch": batch, "others": (critic,)}


@kind
def loss_with_parameters():
    """They, and inputs that require gradients, get none."""
    scale = nn.Parameter(torch.zeros(()).double())
    network, (inputs, targets) = mlp(), vectors()
    inputs.requires_grad_()

    def scaled(network, inputs, targets):
        return F.cross_entropy(network(inputs) * scale.exp(), targets)

    settings = {"loss": scaled, "batch": (inputs, targets), "tensors": (scale, inputs)}
    settings["optimiser"] = torch.optim.Adam([*network.parameters(), scale])
    return network, settings


class Stateful(nn.Module):
    """State of all kinds: an assigned buffer, a counter, and all random generators."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 4)
        self.register_buffer("centre", torch.zeros(8))
        self.calls, self.seen = 0, torch.zeros(8).double()
        self.draws = torch.Generator().manual_seed(3)

    def forward(self, x):
        self.calls += 1
        h = self.first(x) * (1 + self.calls / 10) + self.seen
        h = h + torch.randn(8, generator=self.draws) + random.random()
        h = F.dropout(h, 0.2) + float(np.random.rand())  # noqa: NPY002
        self.centre = (self.centre + h.detach().mean(0)) / 2
        self.seen += 1
        return self.last((h - self.centre).tanh())


class Growing(nn.Sequential):
    """Penalties, to be added to the loss, are appended to a list."""

    def forward(self, x):
        self.penalties.append(self[0].weight.square().mean())
        return super().forward(x)


@kind
def growing_list():
    network, teacher = Growing(*mlp()), Growing(*mlp())
    network.penalties, teacher.penalties = [], []

    def loss(network, inputs, targets):
        distance = (network(inputs) - teacher(inputs)).square().mean()
        return distance + sum(network.penalties) + len(teacher.penalties)

    return network, {"loss": loss, "others": (teacher,)}


@kind
def step_inside_the_loss():
    def loss(network, inputs, targets):
        weights = dict(network.named_parameters())
        value = cross_entropy(network, inputs, targets)
        gradient = torch.autograd.grad(value, [*weights.values()], create_graph=True)
        pairs = zip(weights.items(), gradient, strict=True)
        moved = {name: p - 0.1 * g for (name, p), g in pairs}
        outputs = torch.func.functional_call(network, moved, (inputs,))
        return F.cross_entropy(outputs, targets)

    return mlp(), {"loss": loss}


@kind
def packed_sequences():
    class Packed(Recurrent):
        def forward(self, x):
            return self.head(self.recurrent(x)[1][0])

    first, second = vectors()[0].split([5, 3])
    packed = nn.utils.rnn.pack_sequence([first, second])
    settings = {"batch": (packed, vectors(2)[1]), "layers": ["recurrent", "head"]}
    return Packed().double(), settings


@kind
def stateful():
    return Stateful().double(), {}


@kind
def complex_weights():
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(6, 4, dtype=torch.cdouble)
            self.last = nn.Linear(4, 4, dtype=torch.double)

        def forward(self, x):
            return self.last(self.first(x.to(torch.cdouble)).abs())

    return Complex(), {"layers": "last"}


@kind
def sparse_gradients():
    class Embedded(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Embedding(9, 6, sparse=True), nn.Linear(6, 4)

        def forward(self, numbers):
            return self.head(self.embed(numbers).mean(1).tanh())

    network = Embedded().double()
    optimisers = [
        torch.optim.SparseAdam(network.embed.parameters()),
        torch.optim.SGD(network.head.parameters(), 0.1),
    ]
    batch = torch.randint(0, 9, (8, 5)), torch.arange(8) % 4
    return network, {"batch": batch, "optimiser": optimisers}


@kind
def hooks_of_torch_and_of_modules():
    """Old normalisers of weights are hooks; hooks that are methods belong to the network."""

    class Doubled(nn.Linear):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.calls = []
            self.register_forward_hook(self.double_output)

        def double_output(self, module, arguments, output):
            self.calls.append(1)
            return 2 * output

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        weight_norm = nn.utils.weight_norm(nn.Linear(6, 8))
    pruned = prune.l1_unstructured(nn.Linear(8, 8), "weight", 0.5)
    network = nn.Sequential(
        *(weight_norm, nn.Tanh(), nn.utils.spectral_norm(nn.Linear(8, 8))),
        *(nn.Tanh(), pruned, nn.Tanh(), Doubled(8, 4)),
    ).double()
    cross_entropy(network, *vectors())  # leaves tensors with a graph
    return network, {}


@kind
def parametrised_weights():
    network = nn.Sequential(
        *(parametrizations.weight_norm(nn.Linear(6, 8)), nn.BatchNorm1d(8), nn.Tanh()),
        parametrizations.spectral_norm(nn.Linear(8, 4)),
    )
    return network.double(), {}


@kind
def compiled():
    network = mlp(nn.BatchNorm1d(8))
    network[0] = torch.compile(network[0], backend="aot_eager")
    return torch.compile(network, backend="aot_eager"), {}


@kind
def inputs_changed_in_place():
    def loss(network, inputs, targets):
        return F.cross_entropy(network(inputs.mul_(1.1)), targets)

    return mlp(), {"loss": loss}


@kind
def kept_activations():
    class Keeping(nn.Sequential):
        def forward(self, x):
            self.kept = {"first": [self[0](x)]}
            return super().forward(x)

    network = Keeping(*mlp())
    network(vectors()[0])
    return network, {}


@kind
def attention_with_padding():
    """In evaluation mode, which has a fast path where no gradient is asked for."""

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder, self.head = nn.TransformerEncoder(layer, 1), nn.Linear(8, 4)

        def forward(self, x, mask):
            return self.head(self.encoder(x, src_key_padding_mask=mask).mean(1))

    def loss(network, inputs, mask, targets):
        return F.cross_entropy(network(inputs, mask), targets)

    inputs, targets = vectors(4, 5, 8)
    mask = torch.zeros(4, 5, dtype=torch.bool)
    mask[:, 4] = True
    return Encoder().double().eval(), {"loss": loss, "batch": (inputs, mask, targets)}


@kind
def unbatched_convolutions():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.Tanh(),
        nn.Conv2d(4, 5, 3),
        nn.Flatten(0),
        nn.Linear(80, 4),
    )

    def loss(network, image):
        return network(image).square().mean()

    return network.double(), {"loss": loss, "batch": (vectors(3, 8, 8)[0],)}


@kind
def frozen_and_teacher():
    network = mlp(nn.BatchNorm1d(8))
    teacher = copy.deepcopy(network)
    network[0].requires_grad_(False)

    def distilled(network, inputs, targets):
        return (network(inputs) - teacher(inputs + 1)).square().mean()

    return network, {"loss": distilled, "others": (teacher,)}


@kind
def dict_and_tuple_in_the_batch():
    inputs, targets = vectors()

    def loss(network, batch, weights):
        return weights[0] * F.cross_entropy(network(batch["x"]), batch["y"])

    return mlp(), {"loss": loss, "batch": ({"x": inputs, "y": targets}, (2.0,))}


@kind
def autocast():
    def loss(network, inputs, targets):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return cross_entropy(network, inputs, targets)

    return mlp(nn.LayerNorm(8)).float(), {
        "loss": loss,
        "batch": vectors(dtype=torch.float32),
    }


@contextlib.contextmanager
def same_random_numbers():
    numpy, python = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng([]):
        yield
    np.random.set_state(numpy)  # noqa: NPY002
    random.setstate(python)


def gradient_by_hand(network, given):
    """The loss and gradient of the network itself, from the state of a fresh one."""
    network.zero_grad()
    with same_random_numbers():
        value = given.loss(network, *given.batch)
    value.backward()
    parameters = [p for p in network.parameters() if p.requires_grad]
    gradient = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return float(value.detach()), [g.to_dense().clone() for g in gradient]


def length(tensors):
    return sum(float(t.abs().square().sum()) for t in tensors) ** 0.5


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore:the loss (does not depend on|is computed in)")
def test_landscape_and_step_by_hand_and_no_trace(name):
    given = KINDS[name]()
    optimisers = given.optimiser
    optimisers = optimisers if isinstance(optimisers, list) else [optimisers]
    arguments = given.network, given.loss, given.batch
    kept = {"optimisers": optimisers, "tensors": given.tensors}
    with unchanged(given.network, *given.others, **kept):
        first = everything(
            given.network, given.optimiser, given.batch, given.loss, given.layers
        )
        after = measure.after_step(given.network, given.optimiser, *arguments[1:])
    still, row = first["landscape"][:2]
    assert still["loss"] == still["start_loss"]
    assert still["gradient_change"] == pytest.approx(0, abs=1e-12)
    numbers = [
        v
        for rows in (first["ics"], first["invariance"])
        for r in rows
        for v in r.values()
    ]
    assert all(isinstance(v, str) or v == v for v in numbers)

    # From here on the networks of these kinds are used up, each from a fresh one.
    exact = 1e-9 if next(given.network.parameters()).dtype != torch.float32 else 1e-4
    start = KINDS[name]()
    loss, gradient = gradient_by_hand(start.network, start)
    moved = KINDS[name]()
    with torch.no_grad():
        trained = [p for p in moved.network.parameters() if p.requires_grad]
        for parameter, g in zip(trained, gradient, strict=True):
            parameter -= 0.1 * g
    moved_loss, moved_gradient = gradient_by_hand(moved.network, moved)
    change = [a - b for a, b in zip(moved_gradient, gradient, strict=True)]
    assert row["start_loss"] == pytest.approx(loss, rel=exact)
    assert row["loss"] == pytest.approx(moved_loss, rel=exact)
    assert row["gradient_norm"] == pytest.approx(length(gradient), rel=exact)
    assert row["gradient_change"] == pytest.approx(
        length(change), rel=10 * exact, abs=1e-12
    )

    given.network.zero_grad()
    given.loss(given.network, *given.batch).backward()
    for optimiser in optimisers:
        optimiser.step()
    pairs = zip(given.network.parameters(), after.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)


@pytest.mark.parametrize("name", ["recurrent", "complex_weights", "sparse_gradients"])
def test_curvature_by_differences_of_gradients(name):
    given = KINDS[name]()
    arguments = given.network, given.loss, given.batch
    exact, difference = (
        measure.curvature(*arguments, tolerance=1e-6, method=method)
        for method in ("exact", "difference")
    )
    for column in ("largest_eigenvalue", "gradient_curvature"):
        assert exact[column] == pytest.approx(difference[column], rel=1e-5)


def test_a_cache_of_parametrised_weights_is_not_used():
    network = nn.Sequential(nn.Linear(6, 6, bias=False), nn.Tanh(), nn.Linear(6, 4))
    parametrize.register_parametrization(network[0].double(), "weight", Symmetric())
    arguments = network.double(), cross_entropy, vectors()
    expected = measure.landscape(*arguments, step_sizes=[1.0])
    with parametrize.cached():
        assert measure.landscape(*arguments, step_sizes=[1.0]) == expected


class Symmetric(nn.Module):
    def forward(self, w):
        return w.triu() + w.triu(1).T


def test_weights_that_the_network_constrains_in_place():
    """Each point is as far from the constrained weights as if it were the only one."""
    embedding = nn.Embedding(9, 6, max_norm=0.5)
    network = nn.Sequential(embedding, nn.Flatten(), nn.Linear(12, 4)).double()
    arguments = network, cross_entropy, (torch.arange(16).view(8, 2) % 9, vectors()[1])
    both = measure.landscape(*arguments, step_sizes=[0.1, 0.5])
    assert both[1:] == measure.landscape(*arguments, step_sizes=[0.5])
    cross_entropy(*arguments[:1], *arguments[2])
    assert both == measure.landscape(*arguments, step_sizes=[0.1, 0.5])


@pytest.mark.filterwarnings("ignore:the loss is computed in")
def test_autocast_around_a_measurement_is_autocast_inside_the_loss():
    """Autocast keeps low-precision copies of weights, which are moved in place."""
    given = KINDS["autocast"]()
    (inside,) = measure.landscape(
        given.network, given.loss, given.batch, step_sizes=[2.0]
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        (around,) = measure.landscape(
            given.network, cross_entropy, given.batch, step_sizes=[2.0]
        )
    assert around == inside
