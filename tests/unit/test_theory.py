"""The theorems' checks: they pass on what holds, and fail on what does not."""

import math

import pandas as pd
import pytest
import torch
from numerics import double, walk

from normscape.theory import instances, statements, worst_inputs
from normscape.theory.statements import differentiate
from normscape.theory.violations import summarise
from normscape.theory.worst_inputs import largest_gradient


def theorem_44(unit, bound=2.0):
    largest = largest_gradient(unit.v, bound), largest_gradient(unit.g, bound)
    return statements.theorem_44(unit, bound, *largest)


STATEMENTS = {
    "Theorem 4.1": statements.theorem_41,
    "Theorem 4.2": statements.theorem_42,
    "Theorem 4.4": theorem_44,
}


@pytest.fixture
def unit():
    torch.manual_seed(3)
    y, matrix = torch.randn(12, dtype=torch.double), torch.randn(12, 12).double()

    def loss(z):
        return (z @ matrix).sin().sum()

    return differentiate(y, 1.3, -0.4, loss)


def violation(statement, actual, terms):
    return instances._check(statement, "holds", actual, terms)["violation"]


def test_derivatives_are_those_of_finite_differences():
    torch.manual_seed(0)
    y, matrix = torch.randn(6, dtype=torch.double), torch.randn(6, 6).double()

    def loss(z):
        return (z @ matrix).sin().sum()

    def whole(y):
        return loss(1.3 * (y - y.mean()) / y.var(correction=0).sqrt() - 0.4)

    unit = differentiate(y, 1.3, -0.4, loss)
    step, along = 1e-4, unit.v
    slope = (whole(y + step * along) - whole(y - step * along)) / (2 * step)
    assert float(slope) == pytest.approx(float(along @ along), rel=1e-5)
    curvature = (
        whole(y + step * along) + whole(y - step * along) - 2 * whole(y)
    ) / step**2
    assert float(curvature) == pytest.approx(unit.quadratic_hat, rel=1e-3)


def test_on_random_units_the_right_forms_hold_and_the_printed_fail():
    summary = summarise(pd.DataFrame(instances.random_instances(50)))
    holds = summary[summary.form == "holds"]
    assert len(holds) == 7
    assert (holds.instances == 50).all()
    assert (holds.violations == 0).all()
    assert holds.largest_violation.max() < 1e-11
    assert holds.tightness.tolist() == pytest.approx([1] * 7)
    printed = summary[summary.form == "printed"].set_index("statement")
    assert set(printed.index) == {"Theorem 4.1", "Theorem 4.4"}
    assert (printed.violations > 40).all()


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("factor", [-1, 0.5, 2])
def test_a_wrong_sign_or_factor_in_a_bound_is_caught(unit, statement, factor):
    actual, terms = STATEMENTS[statement](unit)
    assert violation(statement, actual, terms) < 1e-12
    for wrong in range(len(terms)):
        changed = [t * factor if i == wrong else t for i, t in enumerate(terms)]
        assert violation(statement, actual, changed) > 1e-4


@pytest.mark.parametrize("factor", [-1, 0.5, 2])
def test_a_wrong_gradient_formula_is_caught(unit, factor):
    actual, (formula,) = statements.fact_c1(unit)
    assert violation("Fact C.1", actual, [formula]) < 1e-12
    assert violation("Fact C.1", actual, [factor * formula]) > 0.4


@pytest.mark.parametrize("factor", [-1, 0.5, 2])
def test_a_wrong_lemma_is_caught(factor):
    start, optimum = torch.tensor([[1.0, 2.0, 0.5], [2.0, 1.0, -1.0]]).double()
    actual, terms = statements.lemma_45(start, optimum)
    assert violation("Lemma 4.5", actual, terms) < 1e-9
    for wrong in range(len(terms)):
        changed = [t * factor if i == wrong else t for i, t in enumerate(terms)]
        assert violation("Lemma 4.5", actual, changed) > 1e-2


@pytest.mark.parametrize("m", [1, 2, 8, 64, 1000, 32768])
@pytest.mark.parametrize("bound", [0.01, 1.0, 600.0])
@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_the_largest_gradient_is_that_of_the_closed_form(m, bound, scale):
    draws = torch.Generator().manual_seed(m)
    for power in (1, 9):  # all values alike; a few much larger than the others
        for v in scale * torch.randn(5, m, generator=draws).double() ** power:
            expected = bound**2 * float(v @ v)
            assert largest_gradient(v, bound) == pytest.approx(expected, rel=1e-12)


def test_no_random_input_has_a_larger_gradient():
    """Inputs with orthogonal columns of norm 2, and such with smaller ones."""
    draws = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, generator=draws, dtype=torch.double)

    for v in normal(10, 5):
        left = torch.linalg.qr(normal(5000, 5, 3)).Q
        right = torch.linalg.qr(normal(5000, 3, 3)).Q
        smaller = left * torch.rand(5000, 1, 3, generator=draws) @ right
        x = 2.0 * torch.cat([left, smaller])
        assert float(torch.linalg.matrix_norm(x, 2).max()) == pytest.approx(2)
        gradients = (x.mT @ v).square().sum(1)
        # the best of them comes close, so that a maximum too large would show as well
        best = pytest.approx(float(gradients.max()), rel=0.01)
        assert float(gradients.max()) < largest_gradient(v, 2.0) == best


def test_the_largest_gradient_without_a_search():
    zero = torch.zeros(8, dtype=torch.double)
    assert largest_gradient(zero, 2.0) == 0
    assert largest_gradient(zero + math.inf, 2.0) == math.inf
    assert math.isnan(largest_gradient(zero + math.nan, 2.0))


def test_the_largest_gradient_depends_on_its_arguments_only(unit):
    torch.manual_seed(0)
    first = largest_gradient(unit.v, 2.0)
    torch.manual_seed(1)
    assert largest_gradient(unit.v, 2.0) == first


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_STEPS", 5),
        ("TOLERANCE", 1e-5),
        ("_clip", lambda x, bound: x * (1.001 * bound / torch.linalg.norm(x, 2))),
    ],
    ids=["unfinished", "ends too early", "too large inputs"],
)
def test_a_search_that_misses_the_maximum_is_a_violation(monkeypatch, name, value):
    monkeypatch.setattr(worst_inputs, name, value)
    summary = summarise(pd.DataFrame(instances.random_instances(20)))
    violations = summary.set_index(["statement", "form"]).violations
    assert violations["Theorem 4.4", "holds"] > 15
    assert violations["Theorem 4.1", "holds"] == 0


@pytest.mark.parametrize(
    ("model", "lr", "layers"),
    [
        ("vgg", 0.1, [2, 3]),
        ("dln", 1e-4, [2, 3]),
        # inside blocks: its first and its last layer, and one that halves the maps
        ("resnet", 0.1, [2, 3, 4, 7]),
    ],
)
def test_trained_networks(make_run, model, lr, layers):
    start, run = make_run(model, "batch", lr), walk(make_run(model, "batch", lr), 3)
    rows = pd.DataFrame(instances.trained_instances(start, run, layers, units=2))
    assert set(rows.layer) == set(layers)
    assert set(rows.unit) == {0, 1}
    assert set(rows.step) == {3}
    assert set(rows.model) == {model}
    holds = rows[rows.form == "holds"]
    assert (holds.groupby(["layer", "unit"]).size() == 7).all()
    assert len(holds) == len(layers) * 2 * 7
    assert holds.violation.max() < 1e-9
    assert (rows[rows.form == "printed"].violation > 1e-9).any()
    summary = summarise(rows)
    assert (summary[summary.form == "holds"].violations == 0).all()


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_layers_without_normalisation_are_left_out(make_run, norm):
    start, run = make_run("resnet", norm), make_run("resnet", norm)
    rows = instances.trained_instances(start, run, [7, 8, 9], units=1)
    assert {row["layer"] for row in rows} == ({7} if norm == "batch" else set())


def test_a_diverged_run_and_constant_units_are_left_out(make_run):
    run = make_run("vgg", "batch")
    before = make_run("vgg", "batch")
    with torch.no_grad():
        run.network[1].linear.weight[0] = 0
    rows = pd.DataFrame(instances.trained_instances(before, run, [2], 2))
    assert set(rows.unit) == {1}
    with torch.no_grad():
        run.parameters[0].fill_(float("nan"))
    assert list(instances.trained_instances(before, run, [2], 2)) == []


def test_units_that_are_dead_or_did_not_move_violate_nothing(make_run):
    """All terms of a bound are 0 then."""
    start, run = make_run("resnet"), make_run("resnet")
    with torch.no_grad():
        run.network.layers[1].norm.beta[0] = -100  # its ReLU puts out 0
    rows = pd.DataFrame(instances.trained_instances(start, run, [2], units=1))
    for statement in ("Theorem 4.1", "Theorem 4.4"):
        assert set(rows[rows.statement == statement].bound) == {0}
    assert rows[rows.statement == "Lemma 4.5"].bound.abs().max() == 0
    assert rows[rows.form == "holds"].violation.max() < 1e-9
    assert rows.violation.notna().all()


@pytest.fixture
def make_units(make_run, monkeypatch):
    """make_units(model, lr, layer): a run in float64, and the layer's units that are checked.

    The layer's eps is almost 0, as in the theorems, so that they hold for the network
    itself.
    """

    def make_units(model, lr, layer):
        units = []

        def record_unit(*arguments):
            units.append(differentiate(*arguments))
            return units[-1]

        monkeypatch.setattr(instances, "differentiate", record_unit)
        start = make_run(model, "batch", lr)
        run = walk(double(make_run(model, "batch", lr)), 2)
        run.network.layers[layer - 1].norm.eps = 1e-30
        list(instances.trained_instances(start, run, [layer], units=1000))
        return run, units

    return make_units


LAYERS = [("vgg", 0.1, 9), ("dln", 1e-4, 2)]
LAYERS += [("resnet", 0.1, layer) for layer in (1, 2, 3, 4, 7)]


@pytest.mark.parametrize(("model", "lr", "layer"), LAYERS)
def test_units_derivatives_are_the_networks(make_units, model, lr, layer):
    """Every v is a row of the gradient with respect to the linear map's output."""
    run, units = make_units(model, lr, layer)
    inputs, targets = run.batch()
    outputs = []
    linear = run.network.layers[layer - 1].linear
    linear.register_forward_hook(lambda module, _, output: outputs.append(output))
    loss = run.network.loss(run.network(inputs), targets)
    (expected,) = torch.autograd.grad(loss, outputs)
    assert len(units) == expected.shape[1]
    for number, unit in enumerate(units):
        torch.testing.assert_close(unit.y, outputs[0][:, number].detach().flatten())
        torch.testing.assert_close(unit.v, expected[:, number].flatten())
        assert unit.v.norm() > 0


@pytest.mark.parametrize(("model", "lr", "layer"), LAYERS)
def test_units_derivatives_are_the_networks_finite_differences(
    make_units, model, lr, layer
):
    """Slope and curvature along v of the loss, as the whole network computes it."""
    run, units = make_units(model, lr, layer)
    inputs, targets = run.batch()
    number, unit = 1, units[1]
    along = unit.v / unit.v.norm()

    def loss(step):
        """With the unit's values before normalisation moved along v."""

        def move(module, _, output):
            moved = output.clone()
            moved[:, number] += step * along.view_as(moved[:, number])
            return moved

        linear = run.network.layers[layer - 1].linear
        handle = linear.register_forward_hook(move)
        with torch.no_grad():
            value = float(run.network.loss(run.network(inputs), targets))
        handle.remove()
        return value

    step = 1e-4
    slope = (loss(step) - loss(-step)) / (2 * step)
    curvature = (loss(step) + loss(-step) - 2 * loss(0)) / step**2
    square = float(unit.v @ unit.v)
    assert slope == pytest.approx(square**0.5, rel=1e-5)
    assert curvature == pytest.approx(unit.quadratic_hat / square, rel=1e-3)


@pytest.mark.parametrize(
    ("model", "layer"), [("dln", 2), ("vgg", 4), ("resnet", 3), ("resnet", 4)]
)
def test_the_rows_of_x_are_those_that_a_weight_is_multiplied_with(
    make_run, model, layer
):
    """Theorem 4.4's X: |X w|^2 is the sum of squares of what a unit puts out."""
    run = double(make_run(model, "none"))
    inputs, outputs = [], []

    def keep(module, arguments, output):
        inputs.append(arguments[0].detach())
        outputs.append(output.detach().clone())  # a ReLU in place follows

    linear = run.network.layers[layer - 1].linear  # its bias is still 0
    linear.register_forward_hook(keep)
    run.network(run.batch()[0])
    gram = instances._gram(linear, inputs[0])
    for number, weight in enumerate(linear.weight.detach().flatten(1)):
        expected = outputs[0][:, number].square().sum()
        torch.testing.assert_close(weight @ gram @ weight, expected)


def test_what_is_no_number_is_a_violation():
    """A unit of constant inputs, or of a run that diverged, confirms nothing."""
    rows = pd.DataFrame(instances.random_instances(2))
    rows["violation"] = float("nan")
    assert summarise(rows).violations.sum() == len(rows)
