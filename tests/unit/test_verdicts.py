"""The judge on made-up tables whose verdicts are known."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments import experiment
from normscape.claims import judge as judge_
from normscape.claims import wording
from normscape.claims.quantities import of_runs
from normscape.tables import frames

CURVES = frames.read(["workflow/resources/paper_curves.csv"])["paper_curves"]
NORMS = ["none", "batch", "l1"]
DLN = {"dln": "dln"}


def claim(**changes):
    """Claims with one: the loss of "batch" ends below 0.8 times that of "none"."""
    one = {
        "id": "claim",
        "statement": "{subject} ends lower",
        "where": "Figure 0",
        "figure": "fig00",
        "model": "dln",
        "lr": 0.1,
        "quantity": "final_loss",
        "subjects": ["batch"],
        "reference": "none",
        "comparison": "ratio",
        "claimed": {"below": 0.8},
    } | changes
    return [one | {"named": {*one["subjects"], one["reference"]}}]


def tables(model="dln", **losses):
    """Tables of runs of a model that end at the losses given for each norm, a seed each."""
    runs, history = [], []
    for norm, finals in losses.items():
        for seed, loss in enumerate(finals):
            if loss is None:
                continue
            cell = {"model": model, "norm": norm, "lr": 0.1, "seed": seed}
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


def together(*of_models):
    """The tables of several models as one experiment's."""
    return {n: pd.concat([t[n] for t in of_models]) for n in ("runs", "history")}


def judge(claims, of_tables, norms=NORMS, models=DLN):
    return judge_.judge(claims, of_tables, CURVES, experiment(models, norms))


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


def test_a_claim_that_applies_to_all_is_judged_for_norms_that_no_claim_names():
    runs = tables(none=[10, 10, 10], batch=[5, 5, 5.1], l1=[20, 20, 20.1], l2=[1, 1, 1])
    norms = ["none", "batch", "l1", "l2"]
    one, other = claim(applies_to="all") + claim(id="other", subjects=["l2"])
    named = one["named"] | other["named"]  # they stand in one file
    judged = judge([one | {"named": named}, other | {"named": named}], runs, norms)
    assert judged.claim.tolist() == ["claim", "claim", "other"]
    assert judged.subject.tolist() == ["batch", "l1", "l2"]
    assert judged.verdict.tolist() == ["reproduced", "not reproduced", "reproduced"]
    # Beside claims of another file, too.
    judged = judge([one, other], runs, norms)
    assert judged.subject.tolist() == ["batch", "l1", "l2", "l2"]
    (row,) = judge(claim(applies_to="subjects"), runs, norms).itertuples()
    assert row.subject == "batch"


def test_a_claim_is_judged_for_each_model_of_its_architecture():
    deep = tables("deep", none=[10, 10, 10], batch=[5, 5, 5.1])
    flat = tables("flat", none=[99, 98, 99], batch=[99, 98, 97])
    other = tables("vgg", none=[10, 10, 10], batch=[1, 1, 1.1])
    models = {"deep": "dln", "vgg": "vgg", "flat": "dln"}
    judged = judge(claim(trained=["none"]), together(deep, flat, other), models=models)
    assert judged.model.tolist() == ["deep", "flat"]
    assert judged.verdict.tolist() == ["reproduced", "inconclusive"]
    assert pd.isna(judged.reason[0])
    assert judged.reason[1] == "3 of 3 runs of none stayed at chance"
    # The paper's number is the architecture's.
    assert [float(number) for number in judged.paper] == [0.289, 0.289]


def test_classifiers_have_left_chance_by_their_accuracy():
    vggs = [tables(name, none=[10, 10], batch=[5, 5.1]) for name in ("small", "wide")]
    runs = together(*vggs)
    accuracy = {("small", 0): 0.21, ("small", 1): 0.9, ("wide", 0): 0.2, ("wide", 1): 1}
    runs["runs"]["final_accuracy"] = [
        accuracy[row.model, row.seed] for row in runs["runs"].itertuples()
    ]
    models = {"small": "vgg", "wide": "vgg"}
    judged = judge(claim(model="vgg", trained=["subject"]), runs, models=models)
    assert judged.model.tolist() == ["small", "wide"]
    assert judged.verdict.tolist() == ["reproduced", "inconclusive"]
    assert judged.reason[1] == "1 of 2 runs of batch stayed at chance"


def test_statements_carry_the_norms_label():
    runs = tables(none=[10, 10], batch=[5, 5], noisy_batch=[5, 5])
    both = claim(subjects=["batch", "noisy_batch"])
    judged = judge(both, runs, [*NORMS, "noisy_batch"])
    assert judged.statement.tolist() == [
        "BatchNorm ends lower",
        "Noisy BatchNorm ends lower",
    ]


def test_claims_that_the_experiment_has_no_runs_for_are_one_line():
    claims = claim() + claim(id="of_vgg", model="vgg", applies_to="all")
    claims += claim(id="of_lr", lr=0.5) + claim(id="of_l1", subjects=["l1"])
    runs = tables(none=[10, 10], batch=[5, 5.1])
    judged = judge(claims, runs)
    assert judged.seeds.tolist() == [2, 0, 0, 0, 0]
    assert judged.model.tolist() == ["dln", "vgg", "vgg", "dln", "dln"]
    assert set(judged.reason[1:]) == {"not in this experiment"}
    assert len(wording.here(judged)) == 1
    line = wording.absent(judged)
    assert " 4 more " in line
    text = wording.markdown(judged)
    assert text.startswith("Verdicts: 1 reproduced, 0 not reproduced, 0 inconclusive\n")
    assert text.count("ends lower") == 1
    assert text.endswith(f"|\n\n{line}\n")
    assert wording.absent(wording.here(judged)) == ""
    assert wording.markdown(wording.here(judged)).endswith("|\n")
    nothing = wording.markdown(judged[judged.seeds == 0])
    assert nothing.startswith("Verdicts: 0 reproduced, 0 not reproduced, 0 inconcl")
    assert nothing.endswith(f"|\n\n{line}\n")


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
    assert of_runs("mean_accuracy", {"history": history}).tolist() == [
        0.5,
        0.05,
    ]
    runs = CELLS.assign(final_accuracy=[0.8, None], diverged_at=[None, 1])
    assert of_runs("final_accuracy", {"runs": runs}).tolist() == [0.8, 0]


def test_usable_learning_rates():
    accuracy = {("none", 0.1): 0.95, ("none", 0.5): 0.1, ("none", 1): None}
    accuracy |= {("batch", 0.1): 1.0, ("batch", 0.5): 0.9, ("batch", 1): 0.5}
    runs = pd.DataFrame(
        [("vgg", *key, 0, value, None) for key, value in accuracy.items()],
        columns=["model", "norm", "lr", "seed", "final_accuracy", "diverged_at"],
    )
    usable = of_runs("usable_learning_rates", {"runs": runs}).groupby("norm").first()
    assert usable.to_dict() == {"none": 1, "batch": 2}


def test_landscape_medians_count_overflow_as_large():
    ranges = CELLS.iloc[[0, 0, 0]].assign(
        direction="gradient",
        loss_low=[1.0, 1.0, math.nan],
        loss_high=[3.0, 6.0, math.nan],
    )
    ranges = {"landscape_ranges": ranges}
    assert of_runs("loss_range", ranges).tolist() == [5.0]


def test_ics_leaves_the_first_layer_out():
    ics = CELLS.iloc[[0, 0, 0]].assign(
        layer=[1, 2, 3], cosine=[1.0, 0.5, 0.3], l2_difference=[0.0, 2.0, 8.0]
    )
    assert of_runs("ics_cosine", {"ics": ics}).tolist() == [pytest.approx(0.4)]
    assert of_runs("ics_l2", {"ics": ics}).tolist() == [pytest.approx(4)]


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
        mean_change=[1.0, 50.0, 3.0, 2.0, 99.0],
    )
    changes = of_runs("mean_change", {"moment_drift": drift})
    assert changes.tolist() == [2]
    drift.iloc[0, drift.columns.get_loc("mean_change")] = math.nan  # it diverged
    changes = of_runs("mean_change", {"moment_drift": drift})
    assert changes.isna().all()


def test_turning_every_claim_round_turns_its_verdict():
    """With effects far on either side of all margins."""
    for comparison, far in (("ratio", [10, 0.1]), ("difference", [100.0, -100.0])):
        for limit in ({"above": 1.25}, {"below": 0.8}):
            found = []
            for effect in far:
                base = np.array([1.0, 1.1, 1.2])
                other = base * effect if comparison == "ratio" else base + effect
                one = claim(comparison=comparison, claimed=limit)
                found += judge(one, tables(none=base, batch=other)).verdict.tolist()
            assert sorted(found) == ["not reproduced", "reproduced"]


def test_the_table_reads_well():
    judged = judge(claim(), tables(none=[10, 11, 9], batch=[5, 5.4, 4.6]))
    text = wording.markdown(judged)
    assert text.startswith("Verdicts: 1 reproduced, 0 not reproduced, 0 inconclusive\n")
    lines = text.splitlines()[2:]
    assert len({len(line) for line in lines}) == 1
    assert "dln batch / none, lr 0.1" in lines[2]
    assert "ratio < 0.8" in lines[2]
