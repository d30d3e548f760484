"""Summaries of made-up tables whose answers are known."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from normscape import columns, summaries, tables

HEADER = ",".join(columns.HISTORY) + "\n"
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
    table = summaries.runs(pd.concat([good, bad]), evaluation).set_index("seed")
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
    first, second = summaries.landscape_ranges(table).to_dict("records")
    assert (first["loss_low"], first["loss_high"]) == (2, 5)
    assert (first["gradient_change_low"], first["gradient_change_high"]) == (1, 4)
    assert first["effective_beta"] == pytest.approx(4 / 0.4)
    assert second["loss_high"] == math.inf
    assert math.isnan(second["gradient_change_high"])
    assert math.isnan(second["effective_beta"])


def test_moment_drift():
    rows = [
        CELL
        | {"step": t, "layer": 2, "scope": "unit", "unit": 5, "mean": m, "variance": v}
        for t, m, v in ((100, 4.0, 1.0), (0, 1.0, 2.0), (10, 2.0, 5.0))
    ]
    table = summaries.moment_drift(pd.DataFrame(rows))
    assert list(table.step) == [0, 10, 100]
    assert list(table.mean_change[1:]) == [1, 2]
    assert list(table.mean_drift) == [0, 1, 3]
    assert list(table.variance_change[1:]) == [3, 4]
    assert list(table.variance_drift) == [0, 3, 1]
    assert math.isnan(table.mean_change[0])


def test_reading_keeps_the_norm_called_none(tmp_path):
    (tmp_path / "t.csv").write_text(
        "model,norm,lr,seed,x\nvgg,none,0.1,0,nan\nvgg,none,0.1,1,\n"
    )
    table = tables.read([tmp_path / "t.csv"])["t"]
    assert list(table.norm) == ["none", "none"]
    assert table.x.isna().all()
    (tmp_path / "u.csv").write_text("model,lr,seed\nvgg,0.1,0\n")
    with pytest.raises(ValueError, match="u.csv: the column norm is missing"):
        tables.read([tmp_path / "u.csv"])


def test_an_empty_evaluation_is_no_damage(tmp_path):
    """Of networks that do not classify, there is only the header."""
    (tmp_path / "evaluation.csv").write_text(",".join(columns.EVALUATION) + "\n")
    row = "dln,batch,1e-06,0,0,1.5,,2.0,0"
    (tmp_path / "history.csv").write_text(",".join(columns.HISTORY) + f"\n{row}\n")
    read = tables.read([tmp_path / "evaluation.csv", tmp_path / "history.csv"])
    assert summaries.runs(**read).final_test_accuracy.isna().all()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("model,norm,lr,seed\n", "the column step is missing"),
        ("", "cut short after line 0"),
        (HEADER + "vgg,none,0.1,0,0,1.5,0.5,2.0,0", "cut short after line 2"),
        (HEADER + "vgg,none,0.1,0\n", "line 2 has 4 cells, expected 9"),
        (HEADER + "vgg,none,0.1,0,0,x,0.5,2.0,0\n", "found 'x' in the column loss"),
        ("\xff\xfe\x00", "not a table but bytes"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, text, line):
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=re.escape(f"{path}: {line}")):
        tables.read([path])
