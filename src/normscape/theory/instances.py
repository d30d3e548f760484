"""Instances of the statements: random units, and units of trained networks.

Each row names a unit (model, norm, lr, seed, step, layer, unit), a statement and its form,
and holds the result of ``_check``.
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
    """Yield rows for random units with 8 to 64 values and a random nonlinear loss."""
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
        key = {
            "model": "random",
            "norm": "batch",
            "lr": None,
            "seed": None,
            "step": None,
            "layer": None,
            "unit": number,
        }
        for statement in statements(unit, bound=float(normal().exp())):
            yield key | _check(*statement)
        start, optimum = normal(2, 12)
        optimum = optimum if start @ optimum > 0 else -optimum
        yield key | _check("Lemma 4.5", "holds", *lemma_45(start, optimum))


def trained_instances(start: Run, run: Run, layers, units: int) -> Iterator[dict]:
    """Yield rows for the first units of a trained network's layers, on the step's own batch.

    start : the run before training, whose weights are Lemma 4.5's W0.
    layers : their numbers from 1; layers without normalisation are left out.

    Units that are constant over the batch are left out, because their normalised
    activations do not exist. A run that diverged has no rows.
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
                key = run.spec.cell | {"step": run.step, "layer": number}
                before = start.network.layers[number - 1]
                rest = network[position:]
                for row in _check_layer(rest, layer, before, x, targets, units):
                    yield key | row
        with torch.no_grad():
            x = stage(x)


def _check_layer(network, layer, before, x, targets, units):
    """Yield rows for the first units of a layer of a network with inputs x.

    before : the layer before training.
    """
    inputs, y = _record_linear(network, layer, x)
    with torch.no_grad():
        normalised = layer.norm(y)
    bound = float(torch.linalg.matrix_norm(_gram(layer.linear, inputs), 2)) ** 0.5
    for unit in range(min(units, y.shape[1])):
        if y[:, unit].min() == y[:, unit].max():
            continue

        def loss(z, unit=unit):
            """The network's loss as a function of the unit's normalised activations."""
            activations = normalised.clone()
            activations[:, unit] = z.view_as(activations[:, unit])
            hook = layer.norm.register_forward_hook(lambda *_: activations)
            try:
                return network.loss(network(x), targets)
            finally:
                hook.remove()

        point = differentiate(
            y[:, unit].flatten(),
            layer.norm.gamma[unit].detach(),
            layer.norm.beta[unit].detach(),
            loss,
        )
        for statement in statements(point, bound):
            yield {"unit": unit} | _check(*statement)
        initial = before.linear.weight[unit].detach().double().flatten()
        trained = layer.linear.weight[unit].detach().flatten()
        if initial @ trained > 0:
            result = _check("Lemma 4.5", "holds", *lemma_45(initial, trained))
            yield {"unit": unit} | result


@torch.no_grad()
def _record_linear(network, layer, x):
    """Return input and output of a layer's linear map for the network's inputs x."""
    tensors = []
    hook = layer.linear.register_forward_hook(
        lambda module, inputs, output: tensors.extend([inputs[0], output])
    )
    network(x)
    hook.remove()
    return tensors


def _gram(linear, x):
    """X'X, where the rows of X are the vectors that the layer's weight multiplies."""
    if isinstance(linear, torch.nn.Conv2d):
        patches = F.unfold(
            x, linear.kernel_size, padding=linear.padding, stride=linear.stride
        )
        rows = patches.movedim(1, 2).flatten(0, 1)
    else:
        rows = x if x.dim() == 2 else x[0].t()
    return rows.t() @ rows


def _check(statement, form, actual, terms):
    """Return the columns statement, form, actual, bound and violation of a row.

    violation : the excess of the actual value over the bound, divided by the sum of the
        absolute terms, so that rounding stays small where terms cancel. A sum of 0, as for
        a unit that is dead or did not move, does not divide.

    The forms that hold do so with equality (at eps = 0), so for them any difference counts.
    That includes Theorem 4.4's largest gradients and Lemma 4.5's nearest optimum, which
    are found by a search. For two vectors that should be equal, actual and bound are their
    squared norms, and violation is the relative norm of their difference.
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
