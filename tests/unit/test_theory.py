"""The theorems' checks: they pass on what holds, and fail on what does not."""

import pandas as pd
import pytest
import torch

from normscape import columns, summaries, theory

STATEMENTS = {
    "Theorem 4.1": theory.theorem_41,
    "Theorem 4.2": theory.theorem_42,
    "Theorem 4.4": lambda unit: theory.theorem_44(unit, 2.0),
}


@pytest.fixture
def unit():
    torch.manual_seed(3)
    y, matrix = torch.randn(12, dtype=torch.double), torch.randn(12, 12).double()

    def loss(z):
        return (z @ matrix).sin().sum()

    return theory.differentiate(y, 1.3, -0.4, loss)


def table(rows):
    return pd.DataFrame(rows, columns=list(columns.THEORY_INSTANCES))


def test_derivatives_are_those_of_finite_differences():
    torch.manual_seed(0)
    y, matrix = torch.randn(6, dtype=torch.double), torch.randn(6, 6).double()

    def loss(z):
        return (z @ matrix).sin().sum()

    def whole(y):
        return loss(1.3 * (y - y.mean()) / y.var(correction=0).sqrt() - 0.4)

    unit = theory.differentiate(y, 1.3, -0.4, loss)
    step, along = 1e-4, unit.v
    slope = (whole(y + step * along) - whole(y - step * along)) / (2 * step)
    assert float(slope) == pytest.approx(float(along @ along), rel=1e-5)
    curvature = (
        whole(y + step * along) + whole(y - step * along) - 2 * whole(y)
    ) / step**2
    assert float(curvature) == pytest.approx(unit.quadratic_hat, rel=1e-3)


def test_on_random_units_the_right_forms_hold_and_the_printed_fail():
    summary = summaries.theory_summary(table(list(theory.random_instances(50))))
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
    assert theory._row(statement, "holds", actual, terms)[-1] < 1e-12
    for wrong in range(len(terms)):
        changed = [t * factor if i == wrong else t for i, t in enumerate(terms)]
        assert theory._row(statement, "holds", actual, changed)[-1] > 1e-4


@pytest.mark.parametrize("factor", [-1, 0.5, 2])
def test_a_wrong_gradient_formula_is_caught(unit, factor):
    actual, (formula,) = theory.fact_c1(unit)
    assert theory._row("Fact C.1", "holds", actual, [formula])[-1] < 1e-12
    assert theory._row("Fact C.1", "holds", actual, [factor * formula])[-1] > 0.4


@pytest.mark.parametrize("factor", [-1, 0.5, 2])
def test_a_wrong_lemma_is_caught(factor):
    start, optimum = torch.tensor([[1.0, 2.0, 0.5], [2.0, 1.0, -1.0]]).double()
    actual, terms = theory.lemma_45(start, optimum)
    assert theory._row("Lemma 4.5", "holds", actual, terms)[-1] < 1e-9
    for wrong in range(len(terms)):
        changed = [t * factor if i == wrong else t for i, t in enumerate(terms)]
        assert theory._row("Lemma 4.5", "holds", actual, changed)[-1] > 1e-2


def test_the_worst_input_attains_theorem_44(unit):
    """X = lambda * v w' with unit vectors v, w has norm lambda."""
    w = torch.nn.functional.normalize(torch.randn(4, dtype=torch.double), dim=0)
    x = 2.0 * torch.outer(unit.v / unit.v.norm(), w)
    assert float(torch.linalg.matrix_norm(x, 2)) == pytest.approx(2)
    actual, _ = theory.theorem_44(unit, 2.0)
    assert float((x.t() @ unit.v).square().sum()) == pytest.approx(float(actual))


@pytest.mark.parametrize(("model", "lr"), [("vgg", 0.1), ("dln", 1e-4)])
def test_trained_networks(make_run, model, lr):
    start, run = make_run(model, "batch", lr), make_run(model, "batch", lr)
    for _ in range(3):
        run.advance(run.loss_and_gradient()[2])
    rows = table(list(theory.trained_instances(start, run, [2, 3], units=2)))
    assert set(rows.layer) == {2, 3}
    assert set(rows.unit) == {0, 1}
    holds = rows[rows.form == "holds"]
    assert len(holds) == 4 * 7
    assert holds.violation.max() < 1e-9
    assert (rows[rows.form == "printed"].violation > 1e-9).any()


def test_a_units_derivative_is_the_networks(make_run):
    """v of a unit is a row of the gradient with respect to the layer's output, eps = 0."""
    run = make_run("dln", "batch", 1e-4)
    for layer in run.network[:-1]:
        layer.norm.eps = 1e-30
    network = run.network.double()
    inputs, targets = (tensor.double() for tensor in run.batch())
    with torch.no_grad():
        x = network[0](inputs)
    y = network[1].linear(x).detach().requires_grad_()
    z = network[1].norm(y)
    (expected,) = torch.autograd.grad(network.loss(network[2:](z), targets), y)
    loss = theory._loss_of_unit(network, 2, 4, y.detach(), targets)
    gamma, beta = network[1].norm.gamma[4], network[1].norm.beta[4]
    unit = theory.differentiate(y[0, 4], gamma.detach(), beta.detach(), loss)
    torch.testing.assert_close(unit.v, expected[0, 4])
