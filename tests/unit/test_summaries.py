"""Summaries of made-up tables whose answers are known."""

import math
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from normscape.pipeline import paths
from normscape.summaries import landscape_ranges, moment_drift, runs
from normscape.tables import CELL as KEYS
from normscape.tables import frames, rows

CELL = {"model": "vgg", "norm": "none", "lr": 0.1, "seed": 0}


def test_runs():
    steps = range(120)
    good = pd.DataFrame(
        [
            CELL
            | {
                "step": t,
                "loss": 120 - t,
                "accuracy": t / 120,
                "gradient_norm": 1,
                "diverged": 0,
            }
            for t in steps
        ]
    )
    bad = pd.DataFrame(
        [
            CELL
            | {
                "seed": 1,
                "step": t,
                "loss": loss,
                "accuracy": 0.1,
                "gradient_norm": 1,
                "diverged": d,
            }
            for t, (loss, d) in enumerate([(2.0, 0), (9.0, 0), (math.nan, 1)])
        ]
    )
    evaluation = pd.DataFrame(
        [CELL | {"step": t, "test_accuracy": a} for t, a in ((120, 0.8), (0, 0.1))]
        + [CELL | {"seed": 1, "step": 0, "test_accuracy": 0.1}]
    )
    table = runs.summarise(pd.concat([good, bad]), evaluation).set_index("seed")
    assert table.loc[0, "steps"] == 120
    assert table.loc[0, "final_loss"] == pytest.approx(np.mean(range(1, 51)))
    assert table.loc[0, "final_accuracy"] == pytest.approx(
        np.mean(range(70, 120)) / 120
    )
    assert table.loc[0, "final_test_accuracy"] == 0.8
    assert pd.isna(table.loc[0, "diverged_at"])
    assert table.loc[1, "diverged_at"] == 2
    assert table.loc[1, "steps"] == 3
    for column in ("final_loss", "final_accuracy", "final_test_accuracy"):
        assert pd.isna(table.loc[1, column])


def point(step, size, loss, change):
    return CELL | {
        "step": step, "direction": "gradient", "draw": 0, "step_size": size,
        "loss": loss, "gradient_change": change, "distance": 2 * size,
        "start_loss": 1.0, "gradient_norm": 2.0,
    }  # fmt: skip


def test_landscape_ranges():
    table = pd.DataFrame(
        [point(0, 0.1, 3.0, 1.0), point(0, 0.2, 2.0, 4.0), point(0, 0.4, 5.0, 2.0)]
        + [point(9, 0.1, 1.0, 1.0), point(9, 0.2, math.inf, math.nan)]
    )
    first, second = landscape_ranges.summarise(table).to_dict("records")
    assert (first["loss_low"], first["loss_high"]) == (2, 5)
    assert (first["gradient_change_low"], first["gradient_change_high"]) == (1, 4)
    assert first["effective_beta"] == pytest.approx(4 / 0.4)
    assert (first["start_loss"], first["gradient_norm"]) == (1, 2)
    assert second["loss_high"] == math.inf
    assert math.isnan(second["gradient_change_high"])
    assert math.isnan(second["effective_beta"])


def moments(seed, scope, step, mean, variance, next_mean, next_variance):
    return CELL | {
        "seed": seed,
        "step": step,
        "layer": 2,
        "scope": scope,
        "unit": 5,
        "mean": mean,
        "variance": variance,
        "next_mean": next_mean,
        "next_variance": next_variance,
    }


def test_moment_drift():
    """Changes are those of the next step; drifts are since the run's first checkpoint."""
    rows = [
        moments(0, "unit", 100, 4.0, 1.0, 4.5, 1.0),
        moments(0, "unit", 0, 1.0, 2.0, 0.0, 2.5),
        moments(0, "unit", 10, 2.0, 5.0, 2.25, math.nan),
        moments(0, "layer", 0, 7.0, 1.0, 7.0, 1.0),
        moments(0, "input", 0, 7.0, 1.0, 3.0, 1.0),
        moments(1, "unit", 5, 9.0, 1.0, 9.5, 1.0),
    ]
    table = moment_drift.summarise(pd.DataFrame(rows))
    unit = table[(table.scope == "unit") & (table.seed == 0)]
    assert list(unit.step) == [0, 10, 100]
    assert list(unit.mean_change) == [1, 0.25, 0.5]
    assert list(unit.mean_drift) == [0, 1, 3]
    assert list(unit.variance_drift) == [0, 3, 1]
    assert unit.variance_change.tolist()[::2] == [0.5, 0]
    assert math.isnan(unit.variance_change.tolist()[1])
    others = table.drop(unit.index)
    assert others.mean_drift.tolist() == [0, 0, 0]
    changes = others.set_index(["seed", "scope"]).mean_change
    assert changes.to_dict() == {(0, "layer"): 0, (0, "input"): 4, (1, "unit"): 0.5}


def module(table):
    return import_module(f"normscape.summaries.{table}")


def table_file(folder, name, rows_=()):
    rows.write(folder / f"{name}.csv", paths.columns(name), rows_)
    return folder / f"{name}.csv"


@pytest.mark.parametrize("name", paths.summaries())
def test_an_experiment_without_a_probe_has_empty_tables(tmp_path, name):
    """Each summary of tables that hold only a header, but for the history."""
    step = {"step": 0, "loss": 1.5, "accuracy": None, "gradient_norm": 2.0}
    history = [CELL | step | {"diverged": 0}]
    files = [
        table_file(tmp_path, table, history if table == "history" else ())
        for table in module(name).TABLES
    ]
    found = module(name).summarise(*frames.read(files).values())
    assert list(found) == [*KEYS, *frames.columns(name)]
    frames.write(tmp_path / f"{name}.csv", found)
    again = frames.read([tmp_path / f"{name}.csv"])[name]
    assert list(again) == list(found)
    assert len(again) == (1 if "history" in module(name).TABLES else 0)


def test_networks_that_do_not_classify_have_no_accuracy(tmp_path):
    history = tmp_path / "history.csv"
    header = ",".join(paths.columns("history"))
    history.write_text(f"{header}\ndln,batch,1e-06,0,0,1.5,,2.0,0\n", encoding="utf-8")
    read = frames.read([history, table_file(tmp_path, "evaluation")])
    (row,) = runs.summarise(**read).itertuples()
    assert row.final_loss == 1.5
    assert math.isnan(row.final_accuracy)
    assert math.isnan(row.final_test_accuracy)
