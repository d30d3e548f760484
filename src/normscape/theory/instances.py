"""Where the statements are tried: random units, and units of trained networks.

Each row says which unit it is of (model, norm, lr, seed, step, layer, unit), which
statement in which form, and what came out: see ``_outcome``.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from normscape import vectors
from normscape.norms._affine import AffineNorm
from normscape.randomness import generator
from normscape.theory.statements import differentiate, lemma_45, statements
from normscape.training.run import Run


def random_instances(count: int) -> Iterator[dict]:
    """Rows for random units: m from 8 to 64, a random loss with a curved surface."""
    for number in range(count):
        draws = generator("theory", number)

        def normal(*shape, draws=draws):
            return torch.randn(shape, generator=draws, dtype=torch.double)

        m = int(torch.randint(8, 65, (), generator=draws))
        y = 3 * normal(m) + normal(1)
        mixed, weights = normal(m, 5) / m**0.5, normal(5)
        scale = 10 ** float(normal())

        def loss(z, mixed=mixed, weights=weights, scale=scale):
            return scale * (torch.tanh(z @ mixed) @ weights + (z**4).mean())

        gamma, beta = float(normal().abs()) + 0.1, float(normal())
        unit = differentiate(y, gamma, beta, loss)
        place = {
            "model": "random",
            "norm": "batch",
            "lr": None,
            "seed": None,
            "step": None,
            "layer": None,
            "unit": number,
        }
        for statement in statements(unit, bound=float(normal().exp())):
            yield place | _outcome(*statement)
        start, optimum = normal(2, 12)
        optimum = optimum if start @ optimum > 0 else -optimum
        yield place | _outcome("Lemma 4.5", "holds", *lemma_45(start, optimum))


def trained_instances(start: Run, run: Run, layers, units: int) -> Iterator[dict]:
    """Rows for the first units of a trained network's layers, on the step's own batch.

    layers : their numbers from 1; those without normalisation are left out. So are units
    that are constant over the batch, which have no normalised activations, and all of a run
    that diverged.
    start : the run before training, whose weights are Lemma 4.5's W0.
    """
    network = run.network.double()
    if not all(bool(p.isfinite().all()) for p in network.parameters()):
        return
    inputs, targets = run.batch()
    if targets.is_floating_point():
        targets = targets.double()
    x = inputs.double()
    number = 0
    for position, stage in enumerate(network):
        for layer in stage.layers:
            number += 1
            if number in layers and isinstance(layer.norm, AffineNorm):
                place = run.spec.cell | {"step": run.step, "layer": number}
                before = start.network.layers[number - 1]
                rest = network[position:]
                for unit, outcome in _of_layer(rest, layer, before, x, targets, units):
                    yield place | {"unit": unit} | outcome
        with torch.no_grad():
            x = stage(x)


def _of_layer(network, layer, before, x, targets, units):
    """Outcomes for the first units of a layer of a network with inputs x.

    before : the layer as it was before training.
    """
    inputs, y = _passing(network, layer, x)
    with torch.no_grad():
        others = layer.norm(y)
    bound = float(torch.linalg.matrix_norm(_gram(layer.linear, inputs), 2)) ** 0.5
    for unit in range(min(units, y.shape[1])):
        if y[:, unit].min() == y[:, unit].max():
            continue

        def loss(z, unit=unit):
            """The network's loss as a function of the unit's normalised activations."""
            activations = others.clone()
            activations[:, unit] = z.view_as(activations[:, unit])
            replaced = layer.norm.register_forward_hook(lambda *_: activations)
            try:
                return network.loss(network(x), targets)
            finally:
                replaced.remove()

        found = differentiate(
            y[:, unit].flatten(),
            layer.norm.gamma[unit].detach(),
            layer.norm.beta[unit].detach(),
            loss,
        )
        for statement in statements(found, bound):
            yield unit, _outcome(*statement)
        pair = before.linear.weight[unit].double(), layer.linear.weight[unit]
        pair = [weight.detach().flatten() for weight in pair]
        if pair[0] @ pair[1] > 0:
            yield unit, _outcome("Lemma 4.5", "holds", *lemma_45(*pair))


@torch.no_grad()
def _passing(network, layer, x):
    """What goes into a layer's linear map, and what comes out of it."""
    passing = []
    hook = layer.linear.register_forward_hook(
        lambda module, inputs, output: passing.extend([inputs[0], output])
    )
    network(x)
    hook.remove()
    return passing


def _gram(linear, x):
    """X'X of the rows that a layer's weight is multiplied with."""
    if isinstance(linear, torch.nn.Conv2d):
        patches = F.unfold(
            x, linear.kernel_size, padding=linear.padding, stride=linear.stride
        )
        rows = patches.movedim(1, 2).flatten(0, 1)
    else:
        rows = x if x.dim() == 2 else x[0].t()
    return rows.t() @ rows


def _outcome(statement, form, actual, terms):
    """The columns statement, form, actual, bound and violation of a row.

    violation : how far the actual value exceeds the printed bound, relative to the sum
    of the absolute terms, so that rounding stays small where they cancel. The forms that
    hold do so with equality (at eps = 0), so for them any difference counts. That
    includes Theorem 4.4's largest gradients and Lemma 4.5's nearest optimum, which are
    searched for. Of two vectors that should be equal: their squared norms, and the
    relative norm of their difference. Where all terms are 0, as of a unit that is dead or
    did not move, the excess counts as it is.
    """
    if isinstance(actual, Tensor) and actual.dim():
        (expected,) = terms
        distance = vectors.distance([actual], [expected])
        violation = distance / (vectors.norm([expected]) or 1.0)
        actual = vectors.dot([actual], [actual])
        bound = vectors.dot([expected], [expected])
    else:
        actual, terms = float(actual), [float(term) for term in terms]
        bound = sum(terms)
        excess = actual - bound
        excess = abs(excess) if form == "holds" else max(excess, 0.0)
        violation = excess / (sum(map(abs, terms)) or 1.0)
    return {
        "statement": statement,
        "form": form,
        "actual": actual,
        "bound": bound,
        "violation": violation,
    }
