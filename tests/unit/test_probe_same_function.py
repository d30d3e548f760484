"""One function in several parametrisations: tables against the other probes, and by hand."""

import pytest
import torch
from numerics import double, untouched, walk

from normscape import components
from normscape.measure._parametrisation import KINDS
from normscape.probes import curvature, ics, landscape, same_function

STEP_SIZES = [0.05, 0.1]
ALL = ["as_trained", "folded", *KINDS]


def measure(run, parametrisations, ics=(), curvature=()):
    return same_function.measure(
        run,
        parametrisations=parametrisations,
        ics=ics,
        curvature=curvature,
        step_sizes=STEP_SIZES,
    )


@pytest.mark.parametrize("model", ["vgg", "resnet"])
def test_as_trained_it_is_what_the_other_probes_measure(make_run, model):
    run = double(walk(make_run(model, "batch"), 3))
    tables = measure(run, ["as_trained"], ["as_trained"], ["as_trained"])
    others = {
        "same_function": landscape.measure(
            run, step_sizes=STEP_SIZES, random_directions=0, relative_step_sizes=[]
        )["landscape"],
        "same_function_ics": ics.measure(run, parameters="weight")["ics"],
        "same_function_curvature": curvature.measure(
            run, tolerance=1e-3, max_products=1000
        )["curvature"],
    }
    for name, rows in others.items():
        assert len(tables[name]) == len(rows)
        for row, expected in zip(tables[name], rows, strict=True):
            shared = row.keys() & expected.keys()
            assert len(shared) >= 4
            assert {k: row[k] for k in shared} == {k: expected[k] for k in shared}


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_each_parametrisation_has_the_same_loss_and_the_run_stays(make_run, norm):
    run = double(walk(make_run("vgg", norm), 3))
    names = ALL if norm == "none" else ["as_trained", "folded"]
    with untouched(run):
        rows = measure(run, names)["same_function"]
    assert [row["parametrisation"] for row in rows[::2]] == names
    losses = torch.tensor([row["start_loss"] for row in rows], dtype=torch.float64)
    torch.testing.assert_close(losses, losses[:1].expand_as(losses), rtol=1e-10, atol=0)


def test_relative_distances_are_those_of_the_weights(make_run):
    run = double(walk(make_run("vgg", "none"), 3))
    rows = measure(run, ["as_trained"])["same_function"]
    _, _, gradient = run.loss_and_gradient()
    pairs = zip(run.parameters, gradient, strict=True)
    ratios = [float(g.norm() / p.detach().norm()) for p, g in pairs if p.dim() > 1]
    mean = sum(ratios) / len(ratios)
    expected = [size * mean for size in STEP_SIZES]
    assert [row["relative_distance"] for row in rows] == pytest.approx(expected)


def test_it_names_the_parametrisations_that_there_are():
    settings = components.declaration("probes", "same_function")["settings"]
    for setting in settings.values():
        assert setting["items"]["enum"] == ALL
