"""Summaries of small tables with known results."""

import math
from importlib import import_module

import pandas as pd
import pytest

from normscape.pipeline import catalogue
from normscape.summaries import landscape_ranges, moment_drift, runs
from normscape.tables import CELL as CELL_COLUMNS
from normscape.tables import frames, rows

CELL = {"model": "vgg", "norm": "none", "lr": 0.1, "seed": 0}


def make_table(columns, values, **cell):
    """A table of one run with these columns."""
    table = pd.DataFrame(values, columns=columns.split())
    return pd.DataFrame([CELL | cell] * len(table)).join(table)


def test_runs():
    columns = "step loss accuracy diverged"
    finished = [(step, 120 - step, step / 120, 0) for step in range(120)]
    diverged = [(0, 2.0, 0.1, 0), (1, 9.0, 0.1, 0), (2, math.nan, 0.1, 1)]
    history = [make_table(columns, finished), make_table(columns, diverged, seed=1)]
    columns = "step test_accuracy"
    evaluation = [
        make_table(columns, [(120, 0.8), (0, 0.1)]),
        make_table(columns, [(0, 0.1)], seed=1),
    ]
    table = runs.summarise(pd.concat(history), pd.concat(evaluation))
    first, second = table.sort_values("seed").itertuples()
    assert (first.steps, second.steps) == (120, 3)
    assert pd.isna(first.diverged_at)
    assert second.diverged_at == 2
    assert first.final_loss == pytest.approx(25.5)  # the mean of 1 to 50
    assert first.final_accuracy == pytest.approx(94.5 / 120)
    assert first.final_test_accuracy == 0.8
    for column in ("final_loss", "final_accuracy", "final_test_accuracy"):
        assert pd.isna(getattr(second, column))


def test_landscape_ranges():
    columns = "step step_size loss gradient_change distance"
    values = [
        *((0, 0.1, 3.0, 1.0, 0.2), (0, 0.2, 2.0, 4.0, 0.4), (0, 0.4, 5.0, 2.0, 0.8)),
        *((9, 0.1, 1.0, 1.0, 0.2), (9, 0.2, math.inf, math.nan, 0.4)),
    ]
    table = make_table(columns, values)
    table = table.assign(direction="gradient", draw=0, start_loss=1.0, gradient_norm=2)
    first, second = landscape_ranges.summarise(table).itertuples()
    assert (first.loss_low, first.loss_high) == (2, 5)
    assert (first.gradient_change_low, first.gradient_change_high) == (1, 4)
    assert first.effective_beta == pytest.approx(4 / 0.4)
    assert (first.start_loss, first.gradient_norm) == (1, 2)
    assert second.loss_high == math.inf
    assert math.isnan(second.gradient_change_high)
    assert math.isnan(second.effective_beta)


def test_moment_drift():
    """Changes are those of the next step; drifts begin at the run's first checkpoint."""
    columns = "scope step mean variance next_mean next_variance"
    values = [
        ("unit", 100, 4.0, 1.0, 4.5, 1.0),
        ("unit", 0, 1.0, 2.0, 0.0, 2.5),
        ("unit", 10, 2.0, 5.0, 2.25, math.nan),
        ("layer", 0, 7.0, 1.0, 7.0, 1.0),
        ("input", 0, 7.0, 1.0, 3.0, 1.0),
    ]
    other_seed = make_table(columns, [("unit", 5, 9.0, 1.0, 9.5, 1.0)], seed=1)
    moments = pd.concat([make_table(columns, values), other_seed])
    table = moment_drift.summarise(moments.assign(layer=2, unit=5))
    unit = table[(table.scope == "unit") & (table.seed == 0)]
    assert list(unit.step) == [0, 10, 100]
    assert list(unit.mean_change) == [1, 0.25, 0.5]
    assert list(unit.mean_drift) == [0, 1, 3]
    assert list(unit.variance_drift) == [0, 3, 1]
    assert list(unit.variance_change) == pytest.approx([0.5, math.nan, 0], nan_ok=True)
    others = table.drop(unit.index)
    assert others.mean_drift.tolist() == [0, 0, 0]
    changes = others.set_index(["seed", "scope"]).mean_change
    assert changes.to_dict() == {(0, "layer"): 0, (0, "input"): 4, (1, "unit"): 0.5}


def write_table(folder, name, table=()):
    rows.write(folder / f"{name}.csv", catalogue.columns(name), table)
    return folder / f"{name}.csv"


@pytest.mark.parametrize("name", catalogue.summaries())
def test_without_probes_summaries_are_empty_tables(tmp_path, name):
    """All tables except the history hold only a header; the run is a regression's."""
    module = import_module(f"normscape.summaries.{name}")
    step = {
        "step": 0,
        "loss": 1.5,
        "penalty": 0.0,
        "accuracy": None,
        "gradient_norm": 2.0,
    }
    history = [CELL | step | {"diverged": 0}]
    files = [
        write_table(tmp_path, table, history if table == "history" else ())
        for table in module.TABLES
    ]
    summary = module.summarise(*frames.read(files).values())
    assert list(summary) == [*CELL_COLUMNS, *frames.columns(name)]
    frames.write(tmp_path / f"{name}.csv", summary)
    read = frames.read([tmp_path / f"{name}.csv"])[name]
    assert list(read) == list(summary)
    if "history" not in module.TABLES:
        assert read.empty
        return
    (row,) = read.itertuples()
    assert row.final_loss == 1.5
    assert math.isnan(row.final_accuracy)
    assert math.isnan(row.final_test_accuracy)
