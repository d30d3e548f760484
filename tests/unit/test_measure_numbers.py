"""Directions, seeds, several batches, second derivatives and the paper's numbers."""

import copy
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from measuring import cross_entropy, vectors
from torch import nn
from torch.nn.utils import parametrizations

from normscape import measure
from normscape.summaries import landscape_ranges
from normscape.tables import CELL

BATCH = vectors()
OTHER = BATCH[0] + 1, BATCH[1]


def network(*hidden):
    torch.manual_seed(0)
    layers = nn.Linear(6, 5), *(hidden or (nn.Tanh(),)), nn.Linear(5, 4)
    return nn.Sequential(*layers).double()


class Complex(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 3, dtype=torch.cdouble)
        self.last = nn.Linear(3, 4, dtype=torch.double)

    def forward(self, x):
        return self.last(self.first(x.to(torch.cdouble)).abs())


def dense_hessian(network, loss, batches):
    """Over real and imaginary parts, and the gradient."""
    names = [name for name, _ in network.named_parameters()]
    start = [p.detach() for p in network.parameters()]
    real = [torch.view_as_real(p) if p.is_complex() else p for p in start]

    def value(vector):
        pieces = vector.split([r.numel() for r in real])
        values = {}
        for name, p, r, piece in zip(names, start, real, pieces, strict=True):
            piece = piece.view(r.shape)
            values[name] = torch.view_as_complex(piece) if p.is_complex() else piece
        buffers = {n: b.clone() for n, b in network.named_buffers()}

        def call(inputs):
            return torch.func.functional_call(network, values | buffers, inputs)

        return sum(loss(call, *batch) for batch in batches) / len(batches)

    vector = torch.cat([r.flatten() for r in real])
    (gradient,) = torch.autograd.grad(value(vector.requires_grad_()), vector)
    matrix = torch.autograd.functional.hessian(value, vector.detach())
    return matrix.numpy(), gradient.numpy()


@pytest.mark.parametrize("method", ["exact", "difference"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "make", [network, lambda: network(nn.BatchNorm1d(5), nn.Tanh()), Complex]
)
def test_curvature_by_dense_hessians(make, count, method):
    torch.manual_seed(0)
    measured, batches = make(), [BATCH, OTHER][:count]
    matrix, g = dense_hessian(copy.deepcopy(measured), cross_entropy, batches)
    row = measure.curvature(
        measured, cross_entropy, batches, tolerance=1e-8, method=method
    )
    rel = 1e-6 if method == "difference" else 1e-9
    largest = np.linalg.eigvalsh(matrix)[-1]
    assert row["largest_eigenvalue"] == pytest.approx(largest, rel=rel)
    by_hand = g @ matrix @ g / (g @ g)
    assert row["gradient_curvature"] == pytest.approx(by_hand, rel=rel)


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("norm", [nn.utils.weight_norm, parametrizations.weight_norm])
def test_curvature_of_normalised_weights(norm):
    """torch's own second derivative takes the norm for a constant."""
    torch.manual_seed(0)
    measured = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), norm(nn.Linear(5, 4))).double()
    exact, difference = (
        measure.curvature(measured, cross_entropy, BATCH, tolerance=1e-8, method=method)
        for method in ("exact", "difference")
    )
    assert exact["residual"] < 1e-6
    assert exact["largest_eigenvalue"] == pytest.approx(
        difference["largest_eigenvalue"], rel=1e-6
    )


@pytest.mark.parametrize("method", ["exact", "difference"])
def test_invariance_of_a_computed_weight_by_dense_hessians(method):
    """With several batches; the block of the weight is the one of what is trained of it."""
    torch.manual_seed(0)
    first = parametrizations.weight_norm(nn.Linear(6, 5))
    measured = nn.Sequential(first, nn.Tanh(), nn.Linear(5, 4)).double()
    batches = [BATCH, OTHER]
    matrix, g = dense_hessian(copy.deepcopy(measured), cross_entropy, batches)
    names = [n for n, p in measured.named_parameters() for _ in range(p.numel())]
    row, _ = measure.invariance(
        measured, cross_entropy, batches, measured, method=method
    )
    own = np.array([".weight.original" in name for name in names])
    block, g = matrix[np.ix_(own, own)], g[own]
    rel = 1e-6 if method == "difference" else 1e-9
    assert row["gradient_curvature"] == pytest.approx(g @ block @ g / (g @ g), rel=rel)
    assert row["gradient_norm"] == pytest.approx(np.linalg.norm(g), rel=1e-9)


def assert_close(rows, others):
    for row, other in zip(rows, others, strict=True):
        for key, value in row.items():
            exact = isinstance(value, str)
            assert other[key] == (value if exact else pytest.approx(value, rel=1e-9))


def mean_of_losses(network, *batches):
    pairs = zip(batches[::2], batches[1::2], strict=True)
    return sum(F.cross_entropy(network(x), y) for x, y in pairs) / (len(batches) // 2)


def test_a_list_of_batches_is_the_mean_of_their_losses():
    measured, together = network(nn.BatchNorm1d(5), nn.Tanh()), (*BATCH, *OTHER)
    optimiser = torch.optim.SGD(measured.parameters(), 0.5)
    for loss, batch in ((cross_entropy, [BATCH, OTHER]), (mean_of_losses, together)):
        after = measure.after_step(measured, optimiser, loss, batch)
        actual = [
            *measure.landscape(measured, loss, batch, step_sizes=[0.1, 0.2]),
            *measure.ics(measured, loss, batch, after),
        ]
        if loss is cross_entropy:
            expected = actual
    assert_close(actual, expected)


def test_a_direction_of_ones_own_and_the_step_of_the_optimiser():
    measured = network()
    arguments = measured, cross_entropy, BATCH
    optimiser = torch.optim.AdamW(measured.parameters(), 0.1)
    after = measure.after_step(measured, optimiser, *arguments[1:])
    (at_after,) = measure.landscape(*arguments, step_sizes=[1.0], direction=after)
    assert at_after["direction"] == "given"
    assert at_after["loss"] == pytest.approx(cross_entropy(after, *BATCH).item())
    pairs = zip(measured.parameters(), after.parameters(), strict=True)
    direction = [(p - q).detach() for p, q in pairs]
    length = sum(d.square().sum().item() for d in direction) ** 0.5
    assert at_after["distance"] == pytest.approx(length)
    (given,) = measure.landscape(*arguments, step_sizes=[1], direction=direction)
    assert_close([given], [at_after])
    value = cross_entropy(measured, *BATCH)
    gradient = torch.autograd.grad(value, list(measured.parameters()))
    (given,) = measure.landscape(*arguments, step_sizes=[0.1], direction=gradient)
    (row,) = measure.landscape(*arguments, step_sizes=[0.1])
    assert given | {"direction": "gradient"} == row


def test_steps_against_the_gradient_are_steps_along_its_negative():
    measured = network()
    arguments = measured, cross_entropy, BATCH
    value = cross_entropy(measured, *BATCH)
    gradient = torch.autograd.grad(value, list(measured.parameters()))
    (back,) = measure.landscape(*arguments, step_sizes=[-0.2])
    (along,) = measure.landscape(
        *arguments, step_sizes=[0.2], direction=[-g for g in gradient]
    )
    assert_close([along | {"direction": "gradient", "step_size": -0.2}], [back])
    assert back["distance"] == pytest.approx(0.2 * back["gradient_norm"])


def test_progress_counts_every_direction_and_step_size():
    calls = []
    rows = measure.landscape(
        network(),
        cross_entropy,
        BATCH,
        step_sizes=[0.1],
        random_directions=2,
        relative_step_sizes=[0.1, 0.2, 0.3],
        progress=lambda *numbers: calls.append(numbers),
    )
    assert calls == [(number, len(rows)) for number in range(1, len(rows) + 1)]


def test_seeds_and_progress():
    measured, calls = network(), []
    settings = {
        "step_sizes": [0.1],
        "random_directions": 1,
        "relative_step_sizes": [0.1],
    }
    first, second, other = (
        measure.landscape(
            measured,
            cross_entropy,
            BATCH,
            seed=seed,
            **settings,
            progress=lambda *numbers: calls.append(numbers),
        )
        for seed in (0, 0, (0, 1))
    )
    assert first == second
    assert first[0] == other[0]
    assert all(
        a["loss"] != b["loss"] for a, b in zip(first[1:], other[1:], strict=True)
    )
    assert calls[:3] == [(1, 3), (2, 3), (3, 3)]


def test_the_papers_numbers_are_those_of_the_pipeline():
    rows = measure.landscape(
        network(), cross_entropy, BATCH, step_sizes=[0.1, 0.2, 0.4], random_directions=2
    )
    cell = dict.fromkeys([*CELL, "step"], 0)
    table = landscape_ranges.summarise(pd.DataFrame([cell | row for row in rows]))
    for row in table.to_dict("records"):
        numbers = measure.ranges(rows, row["direction"], row["draw"])
        assert numbers == {key: row[key] for key in numbers}
    rows[1]["loss"] = float("nan")
    assert np.isnan(measure.ranges(rows)["loss_high"])
    assert measure.ranges(rows)["effective_beta"] > 0


def test_flat_rows_keep_every_number():
    measured = network()
    arguments = measured, cross_entropy, BATCH
    moments, histograms = measure.activations(*arguments, measured)
    for rows, place in (
        (measure.ics(*arguments, measured), {"layer", "name"}),
        (moments, {"layer", "name", "scope", "unit"}),
        (
            measure.landscape(
                *arguments,
                step_sizes=[0.1, 0.2],
                random_directions=2,
                relative_step_sizes=[0.1],
            ),
            {"direction", "draw", "step_size"},
        ),
        ([measure.curvature(*arguments)], set()),
    ):
        numbers = measure.flat(rows, "measured")
        values = [row[key] for row in rows for key in row if key not in place]
        assert list(numbers.values()) == pytest.approx(values, nan_ok=True)
    assert "measured/gradient_curvature" in numbers
    with pytest.raises(ValueError, match="histogram"):
        measure.flat(histograms, "measured")


def test_a_large_vector_is_summed_in_pieces(monkeypatch):
    """However it is cut, and over the borders of tensors."""
    from normscape import vectors

    draws = torch.Generator().manual_seed(0)
    a, b = (
        [torch.randn(n, generator=draws) for n in (3, 1, 7, 2, 5)] for _ in range(2)
    )
    whole = [f(a, b) for f in (vectors.dot, vectors.distance, vectors.cosine)]
    x, y = (torch.cat(each).double() for each in (a, b))
    assert whole[:2] == [float(x @ y), pytest.approx(float((x - y).norm()))]
    for most in (1, 2, 4, 8, 17):
        monkeypatch.setattr(vectors, "_AT_ONCE", most)
        pieces = list(itertools.chain.from_iterable(vectors._pieces(a)))
        assert torch.equal(torch.stack(pieces), x)
        actual = [f(a, b) for f in (vectors.dot, vectors.distance, vectors.cosine)]
        assert actual == pytest.approx(whole)
    spread = [torch.ones(2), torch.ones(1), torch.ones(3, device="meta")]
    assert [len(piece) for piece in vectors._pieces(spread)] == [3, 3]


@pytest.mark.parametrize("most", [1, 2, 4, 8])
def test_squares_of_large_numbers_in_float32_stay_finite_in_each_piece(
    monkeypatch, most
):
    from normscape import vectors

    monkeypatch.setattr(vectors, "_AT_ONCE", most)
    a = [torch.full((n,), 1e30) for n in (3, 1, 1)]
    assert vectors.norm(a) == pytest.approx(5**0.5 * 1e30)
    assert vectors.cosine(a, a) == 1
