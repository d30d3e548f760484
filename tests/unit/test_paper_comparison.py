"""Our numbers compared with the paper's, of made-up runs."""

import math

import numpy as np
import pytest
from made_up import CURVES, falls, run, tables, together, with_outcomes
from scipy import stats

from experiments import experiment
from normscape.claims import wording
from normscape.claims.paper_comparison import COLUMNS, compare_with_paper


def numbers(names, result_tables, models):
    described = experiment(models, ["none", "batch"])
    made = with_outcomes(result_tables, described)
    actual = compare_with_paper(names, made, CURVES, described)
    assert list(actual) == COLUMNS
    return actual


def around(*values):
    return [run(falls(100), lambda t, loss, v=v: v) for v in values]


def test_each_curve_has_a_row_for_each_model_of_ours():
    small = tables("small", none=around(2, 3), batch=around(5, 6, 8))
    wide = tables("wide", none=around(7))
    models = {"small": "vgg", "wide": "vgg"}
    actual = numbers(["loss_range"], together(small, wide), models)
    actual = actual.set_index(["norm", "model"])
    assert list(actual.index) == [
        *(("none", "small"), ("none", "wide"), ("batch", "small"), ("batch", "wide"))
    ]
    row = actual.loc["batch", "small"]
    logs = np.log([5, 6, 8])
    interval = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    expected = np.exp([logs.mean(), interval.low, interval.high])
    assert [row.ours, row.low, row.high] == pytest.approx(list(expected))
    assert row.seeds == 3
    # The paper's: the median of its 151 probes, and of the three in as many steps as ours.
    curve = CURVES[(CURVES.quantity == "loss_range") & (CURVES.norm == "batch")]
    curve = curve[curve.model == "vgg"]
    ranges = curve.high - curve.low
    assert row.paper == pytest.approx(ranges.median())
    as_long = ranges[curve.step <= 200].median()
    assert row.paper_as_long == pytest.approx(as_long)
    assert row.ratio == pytest.approx(row.ours / as_long)
    assert actual.loc["none", "wide"].ours == pytest.approx(7)
    assert math.isnan(actual.loc["none", "wide"].low)
    assert actual.loc["batch", "wide"].seeds == 0
    assert math.isnan(actual.loc["batch", "wide"].ours)


def test_runs_count_at_the_papers_learning_rate():
    made = together(tables("dln", 1e-7, none=[5, 5]), tables("dln", 1e-6, none=[7, 8]))
    actual = numbers(["final_loss"], made, {"dln": "dln"}).set_index("norm")
    assert actual.loc["none"].ours == pytest.approx(math.sqrt(56))
    assert (actual.lr == 1e-6).all()
    assert set(actual.index) == {"none", "batch", "l1", "l2", "linf"}


def test_training_as_long_as_the_papers_is_compared_with_all_of_it():
    long = [run(lambda t: t + 1.0, steps=15_000, probed=[0, 15_000])]
    actual = numbers(["loss_range"], tables("vgg", none=long), {"vgg": "vgg"})
    row = actual.set_index("norm").loc["none"]
    assert row.paper_as_long == row.paper


def test_the_papers_first_steps_end_between_two_digitised_points():
    curve = CURVES[(CURVES.quantity == "train_loss") & (CURVES.norm == "l2")]
    assert not curve.step.between(2_051, 2_449).any()
    ours = [run(lambda t: t * 0 + 5.0, steps=2_300, probed=[0])]
    made = tables("dln", 1e-6, none=ours, l2=ours)
    actual = numbers(["mean_loss"], made, {"dln": "dln"}).set_index("norm")
    losses = np.exp(np.interp(range(2_300), curve.step, np.log(curve.low)))
    expected = np.exp(np.log(losses).mean())
    assert actual.loc["l2"].paper_as_long == pytest.approx(expected)
    assert actual.loc["l2"].ours == pytest.approx(5)


def test_runs_at_chance_are_said_to_be():
    at_chance = [one._replace(accuracy=0.1) for one in around(2, 2.2)]
    learnt = [one._replace(accuracy=0.9) for one in around(1, 1)]
    made = tables("vgg", none=at_chance, batch=[learnt[0], at_chance[0]])
    actual = numbers(["loss_range"], made, {"vgg": "vgg"}).set_index("norm")
    assert actual.loc["none"].not_learnt == "2 of 2 runs stayed at chance"
    assert actual.loc["batch"].not_learnt == "1 of 2 runs stayed at chance"
    rows = wording.paper_comparison(actual.reset_index())
    assert all("stayed at chance" in row["runs"] for row in rows)


def test_quantities_without_a_curve_have_no_row():
    made = tables("vgg", none=around(2, 3))
    names = ["ics_l2", "final_accuracy", "largest_learning_rate"]
    assert numbers(names, made, {"vgg": "vgg"}).empty


def test_the_table_has_a_row_for_what_the_experiment_has():
    made = tables("vgg", none=around(2, 2.2, 2.1), batch=around(1))
    rows = wording.paper_comparison(numbers(["effective_beta"], made, {"vgg": "vgg"}))
    assert [row["runs"] for row in rows] == ["vgg none, lr 0.1", "vgg batch, lr 0.1"]
    assert [row["paper"] for row in rows] == ["20", "20"]
    assert rows[0]["ours [95%], seeds"] == "2.1 [1.86, 2.36], 3"
    assert rows[1]["ours [95%], seeds"] == "1, 1"
    # Over the paper's first 200 steps.
    assert [row["paper, as many steps"] for row in rows] == ["11.5", "20.3"]
    assert [row["ratio"] for row in rows] == ["0.18", "0.049"]
    assert wording.paper_comparison(numbers([], made, {"vgg": "vgg"})) == []
