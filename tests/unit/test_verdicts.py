"""The judge on made-up runs whose verdicts are known."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import claim, falls, judge, run, tables, together, verdict, verdicts
from scipy import stats

from normscape.claims.claim import read_papers
from normscape.claims.comparisons import NO_COMMON_LOSS, NO_RATIO, NOT_MEASURED
from normscape.claims.values import best_rates

PAPER_CLAIMS = "workflow/claims/santurkar2018.yaml"
UNKNOWN = "a run diverged, or both overflowed, or one was finished at all probes"
REPRODUCED, INCONCLUSIVE = ["reproduced"] * 2, ["inconclusive"] * 2


def each(column, rows) -> list:
    """A column of the verdicts at the same step and at the same loss."""
    return [getattr(row, column) for row in rows]


# At the same step


def test_a_clear_effect_and_its_opposite():
    runs = tables(none=[10, 11, 9], batch=[5, 5.4, 4.6])
    row = verdict(runs)
    assert row.verdict == "reproduced"
    assert (row.seeds, row.method) == (3, "t")
    assert row.effect == pytest.approx(
        np.exp(np.log([5 / 10, 5.4 / 11, 4.6 / 9]).mean())
    )
    assert row.low < row.effect < row.high < 0.8
    row = verdict(runs, subjects=("none",), reference="batch")
    assert row.verdict == "not reproduced"
    assert row.low > 1


def test_interval_and_probability_are_those_of_scipys_paired_t():
    none, batch = np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.5, 2.1, 4.9, 3.3])
    runs = tables(none=none, batch=batch)
    row = verdict(runs, scale="difference", below=0.6)
    found = stats.ttest_rel(batch, none + 0.6, alternative="less")
    interval = stats.ttest_rel(batch, none).confidence_interval(0.95)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert row.p == pytest.approx(found.pvalue)


@pytest.mark.parametrize(
    ("batch", "verdict_", "reason"),
    [
        ([10, 10.1, 9.9], "not reproduced", None),  # no effect
        ([3, 13, 6], "inconclusive", "the interval reaches over the limit"),
        ([5], "inconclusive", "one seed gives no interval"),
        ([5, None, 5.1], "reproduced", None),  # two of three seeds
        ([], "inconclusive", NOT_MEASURED),
    ],
)
def test_other_outcomes(batch, verdict_, reason):
    row = verdict(tables(none=[10, 10, 10], batch=batch))
    assert row.verdict == verdict_
    assert row.reason == reason or (reason is None and pd.isna(row.reason))


def test_a_claim_within_two_limits():
    like = {"scale": "difference", "above": -1, "below": 1}
    for batch, expected in (
        ([10, 10.1, 9.9], "reproduced"),
        ([13, 13.1, 12.9], "not reproduced"),
        ([7, 7.1, 6.9], "not reproduced"),
        ([10, 12, 10], "inconclusive"),
    ):
        row = verdict(tables(none=[10, 10, 10], batch=batch), **like)
        assert row.verdict == expected
        assert (row.p <= 0.025) == (expected == "reproduced")


def test_no_difference_at_all_lies_within_two_limits():
    runs = tables(none=[10] * 6, batch=[10] * 6)
    row = verdict(runs, scale="difference", above=-1, below=1)
    assert (row.effect, row.method, row.p) == (0, "same", 2**-6)
    assert row.verdict == "reproduced"


@pytest.mark.parametrize(
    ("seeds", "batch", "expected", "p"),
    [
        (6, 5, "reproduced", 2**-6),
        (5, 5, "inconclusive", 2**-5),
        (6, 9, "not reproduced", 1),
        (5, 9, "inconclusive", 1),
    ],
)
def test_seeds_that_are_all_alike_decide_by_the_sign_test(seeds, batch, expected, p):
    row = verdict(tables(none=[10] * seeds, batch=[batch] * seeds))
    assert row.verdict == expected
    assert row.low == row.effect == row.high == pytest.approx(batch / 10)
    assert (row.method, row.p) == ("same", p)
    of_few = f"the same in all of only {seeds} seeds"
    assert row.reason == (of_few if expected == "inconclusive" else None)


# Finished runs, and such as never started


def finishing(value, seed, **options):
    """Its loss is below 1 % of the first from step 93 on; then all around is flat."""
    noisy = value * (1 + 0.05 * seed)
    return run(falls(20), lambda t, loss: np.where(t > 92, 1e-9, noisy), **options)


def test_probes_of_a_finished_run_are_left_out_at_the_same_step():
    flat = [run(falls(1000), lambda t, loss: 4.0)] * 6
    runs = tables("vgg", none=flat, batch=[finishing(2, s) for s in range(6)])
    row = verdict(runs, quantity="loss_range")
    assert row.effect == pytest.approx(
        np.exp(np.log([0.5 * (1 + 0.05 * s) for s in range(6)]).mean())
    )
    assert row.finished == 6 * 11  # steps 100, 110, ..., 200
    unfinished = tables("vgg", none=flat, batch=flat)
    assert verdict(unfinished, quantity="loss_range").finished == 0
    one_more = tables("vgg", none=flat[:5], batch=[finishing(2, s) for s in range(6)])
    assert verdict(one_more, quantity="loss_range").finished == 5 * 11
    assert verdict(unfinished).finished is None  # no quantity of probes


def test_more_probes_of_one_run_count_at_the_same_loss_only():
    """A fast run, whose value is its loss but for a bump between its first two probes."""
    even = list(range(0, 201, 50))

    def bump(step, loss):
        return np.where((step > 0) & (step < 50), 3 * loss, loss)

    slow = [run(falls(400), probed=even)] * 6
    few = [run(falls(20), bump, probed=even)] * 6
    more = [run(falls(20), bump, probed=[*range(0, 50, 5), *even[1:]])] * 6
    coarse, fine = (
        verdicts(tables("dln", none=slow, batch=fast), quantity="loss_range")
        for fast in (few, more)
    )
    assert fine[0].effect == coarse[0].effect
    assert coarse[1].effect == pytest.approx(1, rel=0.01)
    assert fine[1].effect > 2
    # Where runs share no step, each has all of its own.
    apart = [run(falls(20), bump, probed=[5, 15, 25])] * 6
    assert verdict(tables("dln", none=slow, batch=apart), quantity="loss_range").seeds


def test_at_one_per_cent_of_its_first_loss_a_run_is_not_finished():
    at_limit = run(lambda t: np.where(t < 100, 1.0, 0.01))
    below = run(lambda t: np.where(t < 100, 1.0, 0.0099))
    runs = tables("vgg", none=[at_limit], batch=[below])
    assert verdict(runs, quantity="loss_range").finished == 11


def test_a_run_that_is_finished_at_all_probes_decides_nothing():
    late = {"probed": [100, 150, 200]}
    flat = [run(falls(1000), lambda t, loss: 4.0, **late)] * 6
    done = [finishing(2, s, **late) for s in range(6)]
    row = verdict(tables("vgg", none=flat, batch=done), quantity="loss_range")
    assert (row.verdict, row.reason) == ("inconclusive", UNKNOWN)
    assert math.isnan(row.effect)
    assert (row.seeds, row.finished) == (6, 18)


def test_a_standard_net_that_never_starts_decides_nothing_in_each_comparison():
    def runs(accuracy):
        around = [run(falls(100), lambda t, loss: 4.0, accuracy=accuracy)] * 6
        batch = run(falls(60), lambda t, loss: 1.0, accuracy=0.9)
        return tables("vgg", none=around, batch=[batch] * 6)

    smoother = {"quantity": "loss_range", "trained": ("none",)}
    assert each("verdict", verdicts(runs(0.21), **smoother)) == REPRODUCED
    rows = verdicts(runs(0.2), **smoother)
    assert each("verdict", rows) == INCONCLUSIVE
    assert each("reason", rows) == ["6 of 6 runs of none stayed at chance"] * 2
    assert each("effect", rows) == [0.25, 0.25]
    rows = verdicts(runs(0.2), quantity="loss_range", trained=("subject",))
    assert each("verdict", rows) == REPRODUCED


def test_a_verdict_says_which_runs_have_not_learnt_though_it_stands():
    around = [run(falls(100), accuracy=0.1)] * 5 + [run(falls(100), accuracy=0.9)]
    batch = [run(falls(60), accuracy=0.9)] * 6
    row = verdict(tables("vgg", none=around, batch=batch), quantity="mean_loss")
    assert row.verdict == "reproduced"
    assert row.not_learnt == "5 of 6 runs of none stayed at chance"
    row = verdict(tables("vgg", none=batch, batch=batch), quantity="mean_loss")
    assert row.not_learnt is None


@pytest.mark.parametrize(
    ("none", "batch", "defined"),
    [
        ((1.0, 2.0), (3.0, 1.0), (True, True)),
        ((-1.0, -2.0), (3.0, 1.0), (False, False)),
        ((1.0, 2.0), (-3.0, 1.0), (False, False)),
        ((0.0, 0.0), (3.0, 1.0), (True, True)),  # an infinite ratio
        ((0.0, 0.0), (0.0, 0.0), (False, False)),
        # At the same step the median is positive; at the same loss each probe counts.
        ((1.0, 2.0, 1.0, -1.0, 1.0), (3.0,), (True, False)),
    ],
)
def test_a_ratio_of_values_that_are_not_positive_is_refused(none, batch, defined):
    def cycled(values, by):
        around = lambda step, loss: np.resize(values, np.shape(step))  # noqa: E731
        return [run(falls(by), around, accuracy=0.9)] * 6

    made = tables("vgg", none=cycled(none, 100), batch=cycled(batch, 60))
    rows = verdicts(made, quantity="ics_cosine", scale="ratio")
    assert [row.reason != NO_RATIO for row in rows] == [*defined]
    assert all(math.isnan(row.effect) for row in rows if row.reason == NO_RATIO)
    rows = verdicts(made, quantity="ics_cosine", scale="difference")
    assert NO_RATIO not in each("reason", rows)


def test_negative_values_have_no_geometric_mean():
    values = [run(falls(by), lambda *_: -1.0, accuracy=0.9) for by in (60, 70)]
    row = verdict(tables("vgg", none=values, batch=values), quantity="ics_l2")
    assert row.verdict == "inconclusive"
    assert math.isnan(row.effect)


def test_a_standard_net_without_a_partner_may_stay_at_chance():
    none = [run(falls(100 + s), lambda *_: 4.0, accuracy=0.9) for s in range(6)]
    batch = [run(falls(60), lambda *_: 1.0, accuracy=0.9)] * 5
    at_chance = none[5]._replace(accuracy=0.1)
    smoother = {"quantity": "loss_range", "trained": ("none",)}
    row = verdict(tables("vgg", none=[*none[:5], at_chance], batch=batch), **smoother)
    assert (row.seeds, row.reason) == (5, "the same in all of only 5 seeds")
    row = verdict(tables("vgg", none=[at_chance, *none[:5]], batch=batch), **smoother)
    assert row.reason == "1 of 5 runs of none stayed at chance"


def test_a_claim_about_all_rates_needs_one_at_which_runs_learn():
    def runs(*accuracies):
        none = [[run(falls(100), accuracy=some)] * 6 for some in accuracies]
        batch = [run(falls(50), accuracy=0.9)] * 6
        of_rates = zip((0.1, 0.5), none, strict=True)
        return together(*(tables("vgg", lr, none=n, batch=batch) for lr, n in of_rates))

    faster = {"model": "vgg", "quantity": "mean_loss", "lr": None}
    assert verdict(runs(0.9, 0.1), **faster, trained=("none",)).verdict == "reproduced"
    row = verdict(runs(0.2, 0.1), **faster, trained=("none",))
    why = "6 of 6 seeds of none diverged or stayed at chance at all learning rates"
    assert (row.verdict, row.reason) == ("inconclusive", why)


@pytest.mark.parametrize("diverges_at", [None, 7])
def test_a_standard_net_that_learns_at_no_rate_does_not_speak_against_larger_ones(
    diverges_at,
):
    def judged(none, batch):
        grid = [
            tables(
                "vgg",
                lr,
                none=[run(falls(100), accuracy=none, diverges_at=diverges_at)] * 6,
                batch=[run(falls(100), accuracy=accuracy)] * 6,
            )
            for lr, accuracy in zip((0.1, 0.5, 1.0), batch, strict=True)
        ]
        (paper,) = read_papers([PAPER_CLAIMS])
        claims = [one for one in paper.claims if one.id == "larger_learning_rates"]
        (row,) = judge(claims, together(*grid)).itertuples()
        return row

    row = judged(0.1, (0.94, 0.92, 0.3))
    assert row.verdict == "reproduced"
    assert 5 < row.effect < 6  # of 0.1, the smallest
    row = judged(0.1, (0.1, 0.1, 0.1))
    why = "6 of 6 seeds of batch diverged or stayed at chance at all learning rates"
    assert (row.verdict, row.reason) == ("inconclusive", why)


def test_a_network_that_does_not_classify_starts_when_its_loss_has_fallen():
    """As the declaration of the deep linear network says."""
    runs = tables(none=[99, 98, 99], batch=[5, 5, 5.1])
    assert verdict(runs).verdict == "reproduced"
    row = verdict(runs, trained=("none",))
    assert row.verdict == "inconclusive"
    assert row.reason == "3 of 3 runs of none stayed at chance"
    assert row.effect == pytest.approx(0.05, rel=0.05)


# What overflows


def overflowing(seeds, none, batch):
    """Runs of which the first of each norm has these values; batch's others are smaller."""

    def of(norm, first, other):
        return [
            run(falls(100 + s), lambda t, loss, s=s: (other + s) if s else first)
            for s in range(seeds)
        ]

    return tables("vgg", none=of("none", none, 50.0), batch=of("batch", batch, 5.0))


@pytest.mark.parametrize("quantity", ["loss_range", "effective_beta"])
@pytest.mark.parametrize("seeds", [6, 8])
def test_a_reference_that_overflows_supports_that_the_subject_is_smoother(
    quantity, seeds
):
    rows = verdicts(overflowing(seeds, math.inf, 5), quantity=quantity)
    assert each("verdict", rows) == REPRODUCED
    assert each("method", rows) == ["ranks", "ranks"]
    row, _ = rows
    assert row.p <= 0.025
    assert row.low == 0 or seeds == 8
    assert 0 < row.effect < row.high < 0.8


@pytest.mark.parametrize("seeds", [6, 8])
def test_a_subject_that_overflows_supports_the_opposite(seeds):
    turned = {"subjects": ("none",), "reference": "batch", "quantity": "loss_range"}
    rows = verdicts(overflowing(seeds, math.inf, 5), **turned)
    assert each("verdict", rows) == ["not reproduced"] * 2
    row, _ = rows
    assert 1 < row.low < row.effect < row.high
    assert row.high == math.inf or seeds == 8


def test_an_overflow_among_five_seeds_decides_nothing():
    few = "an effect is infinite, and 5 seeds are too few for ranks"
    rows = verdicts(overflowing(5, math.inf, 5), quantity="loss_range")
    assert each("verdict", rows) == INCONCLUSIVE
    assert each("reason", rows) == [few, few]
    assert (rows[0].low, rows[0].high) == (0, math.inf)


def test_one_overflow_does_not_outweigh_seeds_that_say_the_opposite():
    rows = verdicts(overflowing(8, 50, math.inf), quantity="loss_range")
    assert each("verdict", rows) == INCONCLUSIVE
    assert each("reason", rows) == ["the interval reaches over the limit"] * 2


def test_where_all_references_overflow_all_seeds_support_the_claim():
    none = [run(falls(100), lambda t, loss: math.inf)] * 6
    batch = [run(falls(90), lambda t, loss: 5.0)] * 6
    rows = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert each("verdict", rows) == REPRODUCED
    assert (rows[0].effect, rows[0].high, rows[0].p) == (0, 0, 2**-6)


@pytest.mark.parametrize("quantity", ["loss_range", "mean_loss"])
def test_a_reference_that_diverges_supports_the_claim(quantity):
    def of(value, seed, diverges_at=None):
        loss = falls(value + seed)
        return run(loss, lambda *_: value, accuracy=0.9, diverges_at=diverges_at)

    batch = [of(40.0, seed) for seed in range(6)]
    none = [of(80.0, 0, diverges_at=70), *(of(80.0, seed) for seed in range(1, 6))]
    trained = {"quantity": quantity, "trained": ("none", "subject")}
    row = verdict(tables("vgg", none=none, batch=batch), **trained)
    assert (row.verdict, row.method) == ("reproduced", "ranks")
    # A subject that diverges supports nothing.
    row = verdict(tables("vgg", none=batch, batch=none), **trained)
    assert row.verdict == "inconclusive"
    assert row.reason == "1 of 6 runs of batch diverged or stayed at chance"


@pytest.mark.parametrize(("seeds", "expected"), [(11, "inconclusive"), (12, None)])
def test_where_both_overflow_an_effect_is_unknown_and_counts_against_the_claim(
    seeds, expected
):
    """Twelve seeds bear one that says the opposite as strongly as can be."""
    runs = overflowing(seeds, math.inf, math.inf)
    row, other = verdicts(runs, quantity="loss_range")
    assert row.verdict == (expected or "reproduced")
    assert row.reason == (UNKNOWN if expected else None)
    # At the same loss nothing is known of that seed.
    assert other.seeds == seeds - 1
    against = verdict(runs, quantity="loss_range", above=0.8, below=math.inf)
    assert against.verdict == (expected or "not reproduced")


def test_a_shift_that_is_unknown_is_not_left_out():
    """Leaving a diverged run out would judge by the survivors alone."""

    def of(value, diverges_at=None):
        return run(falls(100), lambda t, loss: value, diverges_at=diverges_at)

    none = [of(0.9), of(0.92), of(0.88)]
    cosine = {"quantity": "ics_cosine", "scale": "difference", "below": 0}
    runs = tables("vgg", none=none, batch=[of(0.3), of(0.31), of(0.32, 150)])
    row = verdict(runs, **cosine)
    assert row.seeds == 3
    assert (row.verdict, row.reason) == ("inconclusive", UNKNOWN)
    survivors = tables("vgg", none=none, batch=[of(0.3), of(0.31), None])
    assert verdict(survivors, **cosine).verdict == "reproduced"


# At the same step and at the same loss


def test_of_two_nets_with_one_landscape_the_faster_is_not_smoother():
    def runs(by, start, error):
        # Each seed has its own pace, and a landscape of its own that both nets share.
        return [
            run(
                falls(by * (1 + 0.03 * s), start),
                lambda t, loss, s=s: (1 + 0.1 * s + error * (-1) ** s) * loss**1.5,
                probed=range(0, 200, 10),
            )
            for s in range(6)
        ]

    one = tables("dln", none=runs(200, 2.3, 1e-3), batch=runs(60, 2.4, 0))
    row, other = verdicts(one, quantity="loss_range")
    assert (row.verdict, other.verdict) == ("reproduced", "not reproduced")
    assert row.effect < 0.5
    assert other.effect == pytest.approx(1, rel=1e-3)
    assert 0.99 < other.low < 1 < other.high < 1.01


def test_of_two_nets_with_one_course_the_slower_is_smoother_at_the_same_loss():
    def runs(start, factor):
        return [
            run(
                falls(100, start),
                lambda t, loss, s=s: factor * (1 + 0.1 * s) * loss,
            )
            for s in range(6)
        ]

    none, batch = runs(2, 1), runs(4, 0.5)
    row, other = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert (row.verdict, other.verdict) == ("not reproduced", "reproduced")
    assert row.effect == pytest.approx(1)
    assert other.effect == pytest.approx(0.5, rel=0.01)


def test_nets_that_are_never_at_the_same_loss_are_compared_at_the_same_step_alone():
    none = [run(falls(1000, 3), lambda t, loss: 4.0)] * 6
    batch = [run(falls(100, 2), lambda t, loss: 1.0)] * 6
    row, other = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert (row.verdict, other.verdict) == ("reproduced", "inconclusive")
    assert (other.seeds, other.reason) == (0, NO_COMMON_LOSS)
    assert math.isnan(other.effect)


def test_seeds_that_are_never_at_the_same_loss_are_left_out_there():
    none = [run(falls(100, 3), lambda t, loss, s=s: 4.0 + s) for s in range(7)]
    batch = [run(falls(100, 3), lambda t, loss: 1.0)] * 6
    batch += [run(falls(100, 30), lambda t, loss: 1.0, probed=[0, 10])]
    rows = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert each("seeds", rows) == [7, 6]
    effects = np.log([1 / (4 + s) for s in range(6)])
    assert rows[1].effect == pytest.approx(np.exp(effects.mean()))


def test_quantities_of_training_and_values_are_not_compared_at_the_same_loss():
    _, other = verdicts(tables(none=[10, 10, 10], batch=[5, 5.4, 4.6]))
    assert other is None
    runs = tables("vgg", batch=[run(falls(100))] * 6)
    row, other = verdicts(runs, quantity="loss_range", scale="value", reference=None)
    assert row.seeds == 6
    assert other is None


# Learning rates


def test_a_claim_without_a_learning_rate_is_of_the_mean_over_all():
    def runs(lr, factor):
        none = [run(falls(100), lambda t, loss, s=s: 4.0 + s) for s in range(6)]
        batch = [
            run(falls(100), lambda t, loss, s=s: factor * (4.0 + s)) for s in range(6)
        ]
        return tables("vgg", lr, none=none, batch=batch)

    of_rates = together(runs(0.1, 0.3), runs(0.5, 0.5))
    row, other = verdicts(of_rates, quantity="loss_range", lr=None)
    assert row.effect == pytest.approx(0.4)
    # At the same loss runs of one rate are compared, as ratios.
    assert other.effect == pytest.approx(math.sqrt(0.3 * 0.5))
    assert other.seeds == 6
    assert verdict(of_rates, quantity="loss_range", lr=0.5).effect == pytest.approx(0.5)


def test_a_claim_at_best_rates_takes_each_normaliser_at_its_own():
    """The standard net is best at 0.1, batch at 0.5; at one rate batch is no smoother."""

    def runs(lr, none, batch):
        of = {"none": none, "batch": batch}
        return tables(
            "vgg",
            lr,
            **{
                norm: [run(falls(by), lambda t, loss, v=value + s: v) for s in range(6)]
                for norm, (by, value) in of.items()
            },
        )

    of_rates = together(
        runs(0.1, none=(100, 4.0), batch=(200, 8.0)),
        runs(0.5, none=(900, 1.0), batch=(60, 2.0)),
    )
    at = {"quantity": "loss_range", "scale": "difference", "below": -1}
    rows = verdicts(of_rates, **at, lr=None, best_lr=True, trained=("none",))
    assert each("effect", rows) == pytest.approx([2.0 - 4.0, -2.0])
    assert each("seeds", rows) == [6, 6]
    assert each("best_lrs", rows) == ["0.5 / 0.1"] * 2
    assert pd.isna(rows[0].lr)
    assert each("verdict", rows) == REPRODUCED
    for lr, effect in ((0.1, 4.0), (0.5, 1.0)):
        row = verdict(of_rates, **at, lr=lr)
        assert (row.effect, row.best_lrs) == (pytest.approx(effect), None)


def test_a_rate_at_which_a_seed_diverges_is_not_the_best():
    slow = tables("vgg", 0.1, none=[8, 8], batch=[9, 9])
    fast = tables("vgg", 0.5, none=[1, math.inf], batch=[1, 1])
    found = best_rates(together(slow, fast))
    assert found == {("vgg", "none"): 0.1, ("vgg", "batch"): 0.5}


def test_learning_rates_of_any_size_are_told_apart():
    slow, fast = tables(lr=1e-9, none=[10, 10], batch=[9, 9.1]), 2e-9
    fast = tables(lr=fast, none=[10, 10], batch=[5, 5.1])
    both = together(slow, fast)
    assert verdict(both, lr=1e-9).effect == pytest.approx(0.905, rel=1e-2)
    assert verdict(both, lr=2e-9, trained=("none",)).effect == pytest.approx(
        0.505, 1e-2
    )


# Which comparisons there are


def test_a_claim_that_applies_to_all_is_judged_for_norms_that_no_claim_names():
    runs = tables(none=[10, 10, 10], batch=[5, 5, 5.1], l1=[20, 20, 20.1], l2=[1, 1, 2])
    norms = ["none", "batch", "l1", "l2"]
    of_file = {"named": frozenset({"batch", "none", "l2"})}
    claims = [
        claim(applies_to="all", **of_file),
        claim(id="other", subjects=("l2",), **of_file),
    ]
    judged = judge(claims, runs, norms)
    assert judged.claim.tolist() == ["claim", "claim", "other"]
    assert judged.subject.tolist() == ["batch", "l1", "l2"]
    assert judged.verdict.tolist() == ["reproduced", "not reproduced", "reproduced"]
    claims = [claim(applies_to="all"), claim(id="other", subjects=("l2",))]
    judged = judge(claims, runs, norms)  # of two files
    assert judged.subject.tolist() == ["batch", "l1", "l2", "l2"]
    (row,) = judge([claim(applies_to="subjects")], runs, norms).itertuples()
    assert row.subject == "batch"


def test_a_claim_is_judged_for_each_model_of_its_architecture():
    deep = tables("deep", none=[10, 10, 10], batch=[5, 5, 5.1])
    flat = tables("flat", none=[99, 98, 99], batch=[99, 98, 97])
    other = tables("vgg", none=[10, 10, 10], batch=[1, 1, 1.1])
    models = {"deep": "dln", "vgg": "vgg", "flat": "dln"}
    one = claim(trained=("none",))
    judged = judge([one], together(deep, flat, other), models=models)
    assert judged.model.tolist() == ["deep", "flat"]
    assert judged.verdict.tolist() == ["reproduced", "inconclusive"]
    assert pd.isna(judged.reason[0])
    assert judged.reason[1] == "3 of 3 runs of none stayed at chance"
    # The paper's number is the architecture's.
    deep, flat = (
        tables(model, 1e-6, none=[9], batch=[5]) for model in ("deep", "flat")
    )
    judged = judge([claim(lr=1e-6)], together(deep, flat), models=models)
    assert [float(number) for number in judged.paper] == [0.289, 0.289]


def test_classifiers_have_left_chance_by_their_accuracy():
    def runs(model, *accuracies):
        none, batch = (
            [run(falls(by), accuracy=accuracy) for accuracy in accuracies]
            for by in (200, 50)
        )
        return tables(model, none=none, batch=batch)

    of_models = together(runs("small", 0.21, 0.9), runs("wide", 0.2, 1))
    one = claim(model="vgg", quantity="mean_loss", trained=("subject",))
    judged = judge([one], of_models, models={"small": "vgg", "wide": "vgg"})
    assert judged.model.tolist() == ["small", "wide"]
    assert judged.reason[1] == "1 of 2 runs of batch diverged or stayed at chance"
    assert judged.reason[0] == "the same in all of only 2 seeds"


def test_statements_carry_the_norms_label():
    runs = tables(none=[10, 10], batch=[5, 5], noisy_batch=[5, 5])
    both = claim(subjects=("batch", "noisy_batch"))
    judged = judge([both], runs, ["none", "batch", "noisy_batch"])
    assert judged.statement.tolist() == [
        "BatchNorm ends lower",
        "Noisy BatchNorm ends lower",
    ]


def test_an_experiment_without_probes_has_no_verdict_on_them():
    runs = tables("vgg", none=[10, 10], batch=[5, 5.1])
    for name in ("landscape_ranges", "ics"):
        runs[name] = runs[name][:0]
    for quantity in ("loss_range", "loss_range_excursions", "ics_l2", "ics_cosine"):
        row, other = verdicts(runs, quantity=quantity)
        assert (row.seeds, row.reason, row.finished) == (0, NOT_MEASURED, 0)
        assert other is None


# Many comparisons


def test_holms_correction_is_within_a_topic():
    runs = tables(none=[10, 11, 9, 10], batch=[5, 8, 4, 7], l1=[5, 7, 6, 5])
    claims = [
        claim(id="a", topic="one", subjects=("batch", "l1")),
        claim(id="b", topic="one", below=0.88),
        claim(id="c", topic="other", subjects=("l1",)),
        claim(id="d", topic="one", lr=0.5),  # there are no such runs
    ]
    judged = judge(claims, runs)
    first, second, third, other, absent = judged.p
    assert second == other
    small, middle, large = sorted([first, second, third])
    corrected = {small: 3 * small, middle: 2 * middle, large: large}
    assert middle < large < 2 * middle  # so that it matters that they are in order
    corrected[large] = corrected[middle]
    expected = [corrected[p] for p in (first, second, third)]
    assert judged.holm.tolist()[:3] == pytest.approx(expected)
    assert judged.holm[3] == other
    assert math.isnan(absent)
    assert math.isnan(judged.holm[4])


# Symmetries

VALUES = st.one_of(st.floats(0.1, 10), st.sampled_from([1.0, math.inf]))
TURNED = {"reproduced": "not reproduced", "not reproduced": "reproduced"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=9))
def test_exchanging_subject_and_reference_turns_effects_and_no_verdict(pairs):
    """batch / none < 0.8 says the same as none / batch > 1.25, in each comparison."""
    none, batch = (
        [run(falls(by), lambda t, loss, v=v: v) for v in values]
        for by, values in zip((90, 120), zip(*pairs, strict=True), strict=True)
    )
    runs = tables("vgg", none=none, batch=batch)
    of_vgg = {"model": "vgg", "quantity": "loss_range"}
    turned = {"subjects": ("none",), "reference": "batch"}
    turned |= {"above": 1.25, "below": math.inf}
    judged = judge([claim(**of_vgg), claim(**of_vgg | turned)], runs)
    assert judged.comparison.tolist() == ["same step", "same loss"] * 2
    for one, other in zip(
        *(judged[:2].itertuples(), judged[2:].itertuples()), strict=True
    ):
        assert (one.verdict, one.reason) == (other.verdict, other.reason)
        assert one.p == pytest.approx(other.p, nan_ok=True)
        with np.errstate(divide="ignore"):
            back = 1 / np.array([other.high, other.effect, other.low])
        ends = [one.low, one.effect, one.high]
        assert ends == pytest.approx(back, nan_ok=True)


@pytest.mark.parametrize("scale", ["ratio", "difference"])
@pytest.mark.parametrize("limits", [(1.25, math.inf), (-math.inf, 0.8)])
def test_turning_a_far_effect_round_turns_the_verdict(scale, limits):
    found = []
    for far in (10, 0.1) if scale == "ratio" else (100.0, -100.0):
        base = [150 + s for s in range(6)]
        other = [b * far if scale == "ratio" else b + far for b in base]
        none, batch = (
            [run(falls(100), lambda t, loss, v=v: v) for v in values]
            for values in (base, other)
        )
        rows = verdicts(
            tables("vgg", none=none, batch=batch),
            quantity="loss_range",
            scale=scale,
            above=limits[0],
            below=limits[1],
        )
        found.append(each("verdict", rows))
    assert found[1] == [TURNED[one] for one in found[0]]
