"""The judge on made-up tables whose verdicts are known."""

import copy
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from normscape import quantities, verdicts
from normscape import tables as tables_

CURVES = tables_.read(["workflow/resources/paper_curves.csv"])["paper_curves"]
CLAIMS = yaml.safe_load(Path("workflow/resources/claims.yaml").read_text())
NORMS = ["none", "batch", "l1"]


def claim(**changes):
    """Claims with one: the loss of "batch" ends below 0.8 times that of "none"."""
    one = {
        "id": "claim",
        "statement": "A statement",
        "where": "Figure 0",
        "figure": "fig00",
        "model": "dln",
        "lr": 0.1,
        "quantity": "final_loss",
        "subjects": ["batch"],
        "reference": "none",
        "comparison": "ratio",
        "claimed": {"below": 0.8},
    }
    left_chance = {"dln": {"final_loss": {"below_share_of_first": 0.9}}}
    return {"left_chance": left_chance, "claims": [one | changes]}


def tables(**losses):
    """Tables of DLN runs that end at the losses given for each norm, a seed each."""
    runs, history = [], []
    for norm, finals in losses.items():
        for seed, loss in enumerate(finals):
            if loss is None:
                continue
            cell = {"model": "dln", "norm": norm, "lr": 0.1, "seed": seed}
            diverged = math.isinf(loss)
            runs.append(
                cell
                | {
                    "diverged_at": 7 if diverged else math.nan,
                    "final_loss": math.nan if diverged else loss,
                    "final_accuracy": math.nan,
                }
            )
            for step in range(2):
                row = {"step": step, "loss": 100.0, "accuracy": math.nan, "diverged": 0}
                history.append(cell | row)
    return {"runs": pd.DataFrame(runs), "history": pd.DataFrame(history)}


def judge(claims, of_tables, norms=NORMS):
    return verdicts.judge(claims, of_tables, CURVES, norms)


def test_a_clear_effect_and_its_opposite():
    runs = tables(none=[10, 11, 9], batch=[5, 5.4, 4.6])
    (row,) = judge(claim(), runs).itertuples()
    assert row.verdict == "reproduced"
    assert row.seeds == 3
    assert row.effect == pytest.approx(
        np.exp(np.log([5 / 10, 5.4 / 11, 4.6 / 9]).mean())
    )
    assert row.low < row.effect < row.high < 0.8
    turned = claim(subjects=["none"], reference="batch")
    (row,) = judge(turned, runs).itertuples()
    assert row.verdict == "not reproduced"
    assert row.low > 1


def test_the_interval_is_scipys_paired_t():
    from scipy import stats

    none, batch = np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.5, 2.1, 4.9, 3.3])
    (row,) = judge(
        claim(comparison="difference"), tables(none=none, batch=batch)
    ).itertuples()
    interval = stats.ttest_rel(batch, none).confidence_interval(0.95)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    ("batch", "verdict", "reason"),
    [
        ([10, 10.1, 9.9], "not reproduced", None),  # no effect
        ([3, 13, 6], "inconclusive", "the interval reaches over the limit"),
        ([5], "inconclusive", "one seed gives no interval"),
        ([5, None, 5.1], "reproduced", None),  # two of three seeds
        ([], "inconclusive", "not in this experiment"),
        ([5, math.inf, 5], "inconclusive", "a run diverged or overflowed"),
    ],
)
def test_other_outcomes(batch, verdict, reason):
    (row,) = judge(claim(), tables(none=[10, 10, 10], batch=batch)).itertuples()
    assert row.verdict == verdict
    assert row.reason == reason or (reason is None and pd.isna(row.reason))


def test_a_claim_within_two_limits():
    like = claim(comparison="difference", claimed={"above": -1, "below": 1})
    for batch, verdict in (
        ([10, 10.1, 9.9], "reproduced"),
        ([13, 13.1, 12.9], "not reproduced"),
        ([7, 7.1, 6.9], "not reproduced"),
        ([10, 12, 10], "inconclusive"),
    ):
        (row,) = judge(like, tables(none=[10, 10, 10], batch=batch)).itertuples()
        assert row.verdict == verdict


def test_a_standard_net_that_never_trains_decides_nothing():
    runs = tables(none=[99, 98, 99], batch=[5, 5, 5.1])
    assert judge(claim(), runs).verdict.tolist() == ["reproduced"]
    (row,) = judge(claim(trained=["none"]), runs).itertuples()
    assert row.verdict == "inconclusive"
    assert row.reason == "3 of 3 runs of none stayed at chance"
    assert row.effect == pytest.approx(0.05, rel=0.05)


def test_a_users_norm_stands_beside_the_others():
    runs = tables(none=[10, 10, 10], batch=[5, 5, 5.1], mine=[20, 20, 20.1])
    judged = judge(claim(subjects=["batch", "own"]), runs, ["none", "batch", "mine"])
    assert judged.subject.tolist() == ["batch", "mine"]
    assert judged.verdict.tolist() == ["reproduced", "not reproduced"]


def test_the_papers_numbers_come_from_its_curves():
    runs = tables(none=[10], batch=[5])
    (row,) = judge(claim(), runs).itertuples()
    assert float(row.paper) == pytest.approx(479.528 / 1661.39, rel=1e-2)
    (row,) = judge(claim(comparison="difference"), runs).itertuples()
    assert row.paper is None


CELLS = pd.DataFrame(
    [("vgg", "none", 0.1, s) for s in (0, 1)], columns=["model", "norm", "lr", "seed"]
)


def test_accuracy_of_a_run_that_diverged():
    history = CELLS.iloc[[0, 0, 0, 0, 1, 1]].assign(
        step=[0, 1, 2, 3, 0, 1],
        accuracy=[0.2, 0.4, 0.6, 0.8, 0.2, 0.3],
        diverged=[0, 0, 0, 0, 0, 1],
    )
    assert quantities.mean_accuracy({"history": history}).tolist() == [0.5, 0.05]
    runs = CELLS.assign(final_accuracy=[0.8, None], diverged_at=[None, 1])
    assert quantities.final_accuracy({"runs": runs}).tolist() == [0.8, 0]


def test_usable_learning_rates():
    accuracy = {("none", 0.1): 0.95, ("none", 0.5): 0.1, ("none", 1): None}
    accuracy |= {("batch", 0.1): 1.0, ("batch", 0.5): 0.9, ("batch", 1): 0.5}
    runs = pd.DataFrame(
        [("vgg", *key, 0, value, None) for key, value in accuracy.items()],
        columns=["model", "norm", "lr", "seed", "final_accuracy", "diverged_at"],
    )
    usable = quantities.usable_learning_rates({"runs": runs}).groupby("norm").first()
    assert usable.to_dict() == {"none": 1, "batch": 2}


def test_landscape_medians_count_overflow_as_large():
    ranges = CELLS.iloc[[0, 0, 0]].assign(
        direction="gradient",
        loss_low=[1.0, 1.0, math.nan],
        loss_high=[3.0, 6.0, math.nan],
    )
    loss_range = quantities.QUANTITIES["loss_range"]
    assert loss_range({"landscape_ranges": ranges}).tolist() == [5.0]


def test_ics_leaves_the_first_layer_out():
    ics = CELLS.iloc[[0, 0, 0]].assign(
        layer=[1, 2, 3], cosine=[1.0, 0.5, 0.3], l2_difference=[0.0, 2.0, 8.0]
    )
    assert quantities.ics_cosine({"ics": ics}).tolist() == [pytest.approx(0.4)]
    assert quantities.ics_l2({"ics": ics}).tolist() == [pytest.approx(4)]


def test_a_run_that_gave_no_number_is_not_left_out():
    """Leaving a diverged run out would judge by the survivors alone."""
    ics = pd.DataFrame(
        [
            (
                "dln",
                norm,
                0.1,
                seed,
                layer,
                math.nan if seed == 2 else cosine + seed / 99,
            )
            for norm, cosine in (("none", 0.9), ("batch", 0.3))
            for seed in (0, 1, 2)
            for layer in (2, 3)
        ],
        columns=["model", "norm", "lr", "seed", "layer", "cosine"],
    )
    one = claim(quantity="ics_cosine", comparison="difference", claimed={"below": 0})
    runs = tables(none=[10, 10, 10], batch=[5, 5, 5])
    (row,) = judge(one, runs | {"ics": ics}).itertuples()
    assert row.seeds == 3
    assert row.verdict == "inconclusive"
    assert row.reason == "a run diverged or overflowed"


def test_drift_is_of_hidden_units():
    drift = CELLS.iloc[[0] * 5].assign(
        step=[9, 9, 9, 0, 9],
        layer=[1, 1, 2, 2, 3],
        scope=["unit", "layer", "unit", "unit", "unit"],
        mean_change=[1.0, 50.0, 3.0, math.nan, 99.0],
    )
    assert quantities.QUANTITIES["mean_change"]({"moment_drift": drift}).tolist() == [2]
    drift.iloc[0, drift.columns.get_loc("mean_change")] = math.nan  # it diverged
    assert quantities.QUANTITIES["mean_change"]({"moment_drift": drift}).isna().all()


def test_every_claim_is_about_something_that_is_there():
    figures = {path.stem for path in Path("src/figures").iterdir()}
    for one in CLAIMS["claims"]:
        assert one["quantity"] in quantities.QUANTITIES
        assert one["figure"] in figures
        assert one["comparison"] in ("difference", "ratio", "value")
        assert ("reference" in one) == (one["comparison"] != "value")
        assert set(one["claimed"]) <= {"above", "below"}
    ids = [one["id"] for one in CLAIMS["claims"]]
    assert len(ids) == len(set(ids))


def test_turning_every_claim_round_turns_its_verdict():
    """With effects far on either side of all margins."""
    for comparison, far in (("ratio", [10, 0.1]), ("difference", [100.0, -100.0])):
        for limit in ({"above": 1.25}, {"below": 0.8}):
            found = []
            for effect in far:
                base = np.array([1.0, 1.1, 1.2])
                other = base * effect if comparison == "ratio" else base + effect
                one = copy.deepcopy(claim(comparison=comparison, claimed=limit))
                found += judge(one, tables(none=base, batch=other)).verdict.tolist()
            assert sorted(found) == ["not reproduced", "reproduced"]


def test_the_table_reads_well():
    judged = judge(claim(), tables(none=[10, 11, 9], batch=[5, 5.4, 4.6]))
    text = verdicts.markdown(judged)
    assert text.startswith("Verdicts: 1 reproduced, 0 not reproduced, 0 inconclusive\n")
    lines = text.splitlines()[2:]
    assert len({len(line) for line in lines}) == 1
    assert "dln batch / none, lr 0.1" in lines[2]
    assert "ratio < 0.8" in lines[2]
