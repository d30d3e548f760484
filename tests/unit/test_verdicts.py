"""The judge on made-up runs whose verdicts are known.

Runs of the deep linear network, which draws its data by seed, are paired; runs of a VGG are
two groups.
"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (
    claim,
    falls,
    judge,
    run,
    tables,
    together,
    verdict,
    verdicts,
    with_outcomes,
)
from scipy import stats

from experiments import experiment
from normscape.claims.claim import read_papers
from normscape.claims.comparisons import (
    NO_COMMON_LOSS,
    NO_RATIO,
    NOT_LEARNT,
    NOT_MEASURED,
)
from normscape.claims.decision import (
    AS_CLAIMED,
    OPEN,
    OPPOSITE,
    SIZE_OPEN,
    SMALLER,
    find_direction,
    judge_size,
)
from normscape.claims.intervals import Interval
from normscape.claims.judge import compare_all, list_values
from normscape.claims.outcomes import AT_CHANCE, LEARNT, determine
from normscape.claims.quantities import best_rates
from normscape.tables import CELL

PAPER_CLAIMS = "workflow/claims/santurkar2018.yaml"
UNKNOWN = "a run diverged, both overflowed, or one was finished at all checkpoints"
OVER_THE_LIMIT = "the interval includes the limit"
NO_SIZE = "not of the claimed size, and the direction is open"


def each(column, rows) -> list:
    """A column of the verdicts at the same step and at the same loss."""
    return [getattr(row, column) for row in rows]


def spread(value, by=0.02, count=6) -> list[float]:
    """Values of so many seeds around one, as a ratio."""
    return [value * (1 + by * (seed - (count - 1) / 2)) for seed in range(count)]


def around(values, by=100, **options):
    """Runs that learn, each with this value of every quantity around it."""
    options = {"accuracy": 0.9} | options
    return [run(falls(by), lambda t, loss, v=v: v, **options) for v in values]


# Direction and size


@pytest.mark.parametrize(
    ("batch", "direction", "expected"),
    [
        (spread(5), "as claimed", AS_CLAIMED),
        (spread(9), "as claimed", SMALLER),  # right direction, but small
        (spread(8), "as claimed", SIZE_OPEN),  # on the margin
        (spread(10, by=0.001), "open", OPEN),  # no effect of the claimed size
        (spread(10, by=0.2), "open", OPEN),
        (spread(13), "opposite", OPPOSITE),
        (spread(10.6, by=0.01), "opposite", OPPOSITE),
    ],
)
def test_a_claim_has_a_direction_and_a_size(batch, direction, expected):
    row = verdict(
        tables("vgg", none=around(spread(10)), batch=around(batch)),
        quantity="loss_range",
    )
    assert (row.direction, row.verdict) == (direction, expected)
    reason = NO_SIZE if list(batch) == spread(10, by=0.001) else OVER_THE_LIMIT
    assert row.reason == (reason if expected == OPEN else None)
    assert (row.p <= 0.025) == (expected == AS_CLAIMED)
    assert (row.p_direction <= 0.025) == (direction == "as claimed")
    assert (row.p_opposite <= 0.025) == (direction == "opposite")


@pytest.mark.parametrize("model", ["vgg", "dln"])
@pytest.mark.parametrize("scale", ["ratio", "difference"])
def test_intervals_follow_from_the_listed_values(model, scale):
    """Of two groups (vgg), and of pairs (dln), of which one has no reference."""
    none, batch = around(spread(10)), [*around(spread(6, by=0.1)), *around([7.0])]
    made = tables(model, none=none, batch=batch)
    described = experiment({model: model}, ["none", "batch"])
    of = {"model": model, "quantity": "loss_range", "scale": scale}
    rows = verdicts(made, **of)
    made = with_outcomes(made, described)
    table = list_values(compare_all([claim(**of)], made, described))
    assert set(table.comparison) == {"same step", "same loss"}
    for row in rows:
        values = table[table.comparison == row.comparison].set_index("seed")
        values = values.pivot(columns="norm", values="value")
        if scale == "ratio":
            values = np.log(values)
        if model == "dln":
            actual = stats.ttest_1samp(values.batch - values.none, 0)
        else:
            groups = values.batch, values.none.dropna()
            actual = stats.ttest_ind(*groups, equal_var=False)
        assert len(values) == row.seeds
        interval = np.array(actual.confidence_interval())
        expected = np.exp(interval) if scale == "ratio" else interval
        assert [row.low, row.high] == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (spread(10, by=0.002), AS_CLAIMED),
        (spread(13, by=0.002), OPPOSITE),
        (spread(7, by=0.002), OPPOSITE),
        (spread(11, by=0.1), OPEN),
    ],
)
def test_a_claim_of_no_difference_has_no_direction(batch, expected):
    like = {"scale": "difference", "above": -1, "below": 1}
    none = around(spread(10, by=0.002))
    row = verdict(
        tables("vgg", none=none, batch=around(batch)), quantity="loss_range", **like
    )
    assert (row.verdict, row.direction) == (expected, None)
    assert math.isnan(row.p_direction)
    assert (row.p_opposite <= 0.025) == (expected == OPPOSITE)


@pytest.mark.parametrize(
    ("batch", "direction", "expected"),
    [
        (spread(10), "open", AS_CLAIMED),
        (spread(8.5), "opposite", AS_CLAIMED),  # smaller, within the margin
        (spread(20), "as claimed", AS_CLAIMED),
        (spread(7), "opposite", OPPOSITE),
        (spread(8), "opposite", OPPOSITE),  # smaller, perhaps within the margin
        (spread(9, by=0.2), "open", OPEN),
    ],
)
def test_a_claim_that_something_is_no_smaller(batch, direction, expected):
    row = verdict(
        tables("vgg", none=around(spread(10)), batch=around(batch)),
        quantity="loss_range",
        above=0.8,
        below=math.inf,
    )
    assert (row.verdict, row.direction) == (expected, direction)


@pytest.mark.parametrize(
    ("limits", "effect"),
    [
        ({"above": 2.0, "below": math.inf}, 2.0),
        ({"above": -math.inf, "below": -2.0}, -2.0),
    ],
)
def test_an_effect_at_the_limit_itself_is_smaller_than_claimed(limits, effect):
    at_limit = Interval(effect, effect, effect, "same")
    about = claim(scale="difference", **limits)
    assert find_direction(about, at_limit) == AS_CLAIMED
    assert judge_size(about, at_limit, AS_CLAIMED) == SMALLER


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ([0.5, 0.6, 0.55, 0.5, 0.52, 0.58], OPPOSITE),
        ([0.1, 0.11, 0.1, 0.12, 0.1, 0.09], AS_CLAIMED),
        ([0.1, 0.9, 0.1, 0.1, 0.1, 0.1], OPEN),
    ],
)
def test_a_value_has_no_direction(accuracies, expected):
    runs = [run(falls(100), accuracy=a) for a in accuracies]
    about = {"scale": "value", "reference": None, "below": 0.2}
    row = verdict(tables("vgg", batch=runs), quantity="final_accuracy", **about)
    assert (row.verdict, row.direction) == (expected, None)
    assert math.isnan(row.correlation)


# Groups and pairs


def test_two_groups_have_the_interval_and_probabilities_of_welchs_test():
    none, batch = spread(10, by=0.3), spread(6, by=0.01)
    row = verdict(
        tables("vgg", none=around(none), batch=around(batch)),
        quantity="loss_range",
        scale="difference",
        below=-2,
    )
    actual = stats.ttest_ind(batch, none, equal_var=False)
    assert (row.low, row.high) == pytest.approx(tuple(actual.confidence_interval()))
    assert row.method == "welch"
    moved = np.array(none) - 2
    for p, values, side in (
        (row.p, moved, "less"),
        (row.p_direction, none, "less"),
        (row.p_opposite, none, "greater"),
    ):
        test = stats.ttest_ind(batch, values, equal_var=False, alternative=side)
        assert p == pytest.approx(test.pvalue)


def test_runs_that_draw_their_data_by_seed_are_paired():
    """And runs of a network whose seeds share a data set are not."""
    none = spread(10, by=0.3)
    batch = [0.7 * value for value in spread(10, by=0.301)]
    made = {"none": around(none), "batch": around(batch)}
    about = {"quantity": "loss_range", "scale": "difference", "below": -1}
    row = verdict(tables("dln", **made), **about)
    interval = stats.ttest_rel(batch, none).confidence_interval(0.95)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert (row.method, row.verdict) == ("t", AS_CLAIMED)
    assert row.correlation == pytest.approx(np.corrcoef(none, batch)[0, 1])
    row = verdict(tables("vgg", **made), **about)
    assert (row.method, row.verdict) == ("welch", OPEN)
    assert row.correlation == pytest.approx(np.corrcoef(none, batch)[0, 1])


def test_a_shared_reference_may_have_more_runs():
    none, batch = spread(10, count=12), spread(6)
    row = verdict(
        tables("vgg", none=around(none), batch=around(batch)), quantity="loss_range"
    )
    assert (row.seeds, row.reference_seeds) == (6, 12)
    assert row.effect == pytest.approx(
        np.exp(np.log(batch).mean() - np.log(none).mean())
    )
    # Pairs need both runs.
    row = verdict(tables(none=none, batch=batch))
    assert row.seeds == 6
    assert row.effect == pytest.approx(
        np.exp(np.mean(np.log(batch) - np.log(none[:6])))
    )
    assert pd.isna(row.reference_seeds)


@pytest.mark.parametrize(
    ("none", "batch", "short"),
    [(6, 5, "5 runs of batch"), (5, 12, "5 runs of none"), (1, 1, "1 runs of batch")],
)
def test_fewer_than_six_runs_decide_nothing(none, batch, short):
    row = verdict(
        tables(
            "vgg",
            none=around(spread(10, count=none)),
            batch=around(spread(1, count=batch)),
        ),
        quantity="loss_range",
    )
    assert (row.verdict, row.direction) == (OPEN, "open")
    assert row.reason == f"{short}, 6 are needed"
    assert row.effect == pytest.approx(0.1, rel=0.1)
    assert math.isnan(row.p)  # nor do they count in Holm's correction


def test_the_steps_of_other_normalisers_do_not_count():
    """A third network that is measured at one step alone."""
    values = {"none": spread(4), "batch": spread(2)}
    made = {
        norm: [
            run(falls(100), lambda t, loss, v=v: np.where(t > 0, v, 7.0), accuracy=0.9)
            for v in some
        ]
        for norm, some in values.items()
    }
    third = [run(falls(100), probed=[0], accuracy=0.9)]
    row = verdict(tables("vgg", **made, l1=third), quantity="loss_range")
    assert row.effect == pytest.approx(0.5)
    row = verdict(tables("vgg", **made), quantity="loss_range")
    assert row.effect == pytest.approx(0.5)
    # Of the two that are compared, one is measured at the first step alone.
    few = {"none": made["none"], "batch": third * 6}
    row = verdict(tables("vgg", **few), quantity="loss_range")
    assert row.effect == pytest.approx(2.3 / 7)


def test_ranks_where_a_claim_asks_for_them():
    """Six effects over many powers of ten, all below the margin."""
    batch = [0.5 * 10.0**-power for power in range(6)]
    runs = tables("dln", none=around([1.0] * 6), batch=around(batch))
    row = verdict(runs, quantity="loss_range")
    assert row.verdict == AS_CLAIMED
    row = verdict(runs, quantity="loss_range", ranks=True)
    assert (row.method, row.verdict, row.p) == ("ranks", AS_CLAIMED, 2**-6)
    assert (row.low, row.high) == pytest.approx((0.5e-5, 0.5))


def test_runs_of_other_experiments_are_no_open_question():
    row = verdict(tables(none=[99] * 6, batch=[]))  # at chance
    assert (row.seeds, row.verdict, row.reason) == (0, OPEN, NOT_MEASURED)
    assert row.not_learnt is None


@pytest.mark.parametrize("model", ["vgg", "dln"])
def test_runs_that_are_all_alike_decide_by_ranks(model):
    runs = tables(model, none=around([10.0] * 6), batch=around([5.0] * 6))
    row = verdict(runs, quantity="loss_range")
    assert (row.verdict, row.method) == (AS_CLAIMED, "same")
    assert row.low == row.effect == row.high == pytest.approx(0.5)
    assert row.p == pytest.approx(2**-6 if model == "dln" else 1 / math.comb(12, 6))
    assert math.isnan(row.correlation)


def test_no_difference_at_all_lies_within_two_limits():
    runs = tables(none=[10] * 6, batch=[10] * 6)
    row = verdict(runs, scale="difference", above=-1, below=1)
    assert (row.effect, row.method, row.p) == (0, "same", 2**-6)
    assert row.verdict == AS_CLAIMED


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
    row = verdict(unfinished, quantity="mean_loss")
    assert pd.isna(row.finished)  # no quantity of probes


def test_more_probes_of_one_run_count_at_the_same_loss_only():
    """A fast run, whose value is its loss except for a bump between its first two probes."""
    even = list(range(0, 201, 25))

    def bump(step, loss):
        return np.where((step > 0) & (step < 25), 3 * loss, loss)

    slow = [run(falls(100), probed=even)] * 6
    few = [run(falls(25), bump, probed=even)] * 6
    more = [run(falls(25), bump, probed=[*range(0, 25, 5), *even[1:]])] * 6
    coarse, fine = (
        verdicts(tables("dln", none=slow, batch=fast), quantity="loss_range")
        for fast in (few, more)
    )
    assert fine[0].effect == coarse[0].effect
    assert coarse[1].effect == pytest.approx(1, rel=0.15)  # lines between far probes
    assert fine[1].effect > 2
    # Where runs share no step, each has all of its own.
    apart = [run(falls(20), bump, probed=[5, 15, 26])] * 6
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
    assert (row.verdict, row.reason) == (OPEN, UNKNOWN)
    assert math.isnan(row.effect)
    assert (row.seeds, row.finished) == (6, 18)


SMOOTHER = {"quantity": "loss_range", "trained": ("none", "subject")}


@pytest.mark.parametrize("diverges_at", [None, 190])
def test_runs_that_have_not_learnt_are_left_out_and_counted(diverges_at):
    failed = around([0.001], accuracy=0.1, diverges_at=diverges_at)
    none = [*failed, *around(spread(4))]
    batch = around(spread(1, count=7))
    rows = verdicts(tables("vgg", none=none, batch=batch), **SMOOTHER)
    assert each("verdict", rows) == [AS_CLAIMED] * 2
    assert each("seeds", rows) == [7, 7]
    assert each("reference_seeds", rows) == [6, 6]
    assert each("effect", rows) == pytest.approx([0.25] * 2, rel=1e-2)
    how = "diverged" if diverges_at else "stayed at chance"
    assert each("not_learnt", rows) == [f"1 of 7 runs of none {how}, left out"] * 2
    # Of six runs, five are left.
    rows = verdicts(tables("vgg", none=none[:6], batch=batch), **SMOOTHER)
    assert each("reason", rows) == ["5 runs of none, 6 are needed"] * 2


def test_a_standard_net_that_never_starts_decides_nothing_in_each_comparison():
    none = around(spread(4), accuracy=0.2)
    runs = tables("vgg", none=none, batch=around(spread(1), by=60))
    rows = verdicts(runs, **SMOOTHER)
    assert each("verdict", rows) == [OPEN] * 2
    assert each("reason", rows) == [NOT_LEARNT, NO_COMMON_LOSS]
    assert (
        each("not_learnt", rows)
        == ["6 of 6 runs of none stayed at chance, left out"] * 2
    )
    rows = verdicts(runs, quantity="loss_range", trained=("subject",))
    assert each("verdict", rows) == [AS_CLAIMED] * 2


def test_of_a_pair_both_runs_must_have_learnt():
    none = [99, *spread(20)]
    batch = spread(5, count=7)
    row = verdict(tables(none=none, batch=batch), trained=("none",))
    assert (row.seeds, row.verdict) == (6, AS_CLAIMED)


def test_a_verdict_says_which_runs_have_not_learnt_though_they_count():
    none = [run(falls(100), accuracy=0.1)] * 5 + [run(falls(100), accuracy=0.9)]
    batch = [run(falls(60), accuracy=0.9)] * 6
    row = verdict(tables("vgg", none=none, batch=batch), quantity="mean_loss")
    assert row.verdict == AS_CLAIMED
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
    values = [run(falls(by), lambda *_: -1.0, accuracy=0.9) for by in (60, 70)] * 3
    row = verdict(tables("vgg", none=values, batch=values), quantity="ics_l2")
    assert row.verdict == OPEN
    assert math.isnan(row.effect)


def test_a_claim_about_all_rates_takes_the_seeds_that_learn_at_one():
    def runs(*accuracies):
        none = [[run(falls(100), accuracy=some)] * 6 for some in accuracies]
        batch = [run(falls(50), accuracy=0.9)] * 6
        by_rate = zip((0.1, 0.5), none, strict=True)
        return together(*(tables("vgg", lr, none=n, batch=batch) for lr, n in by_rate))

    faster = {"model": "vgg", "quantity": "mean_loss", "lr": None}
    assert verdict(runs(0.9, 0.1), **faster, trained=("none",)).verdict == AS_CLAIMED
    row = verdict(runs(0.2, 0.1), **faster, trained=("none",))
    assert (row.verdict, row.reason) == (OPEN, NOT_LEARNT)


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
    assert row.verdict == AS_CLAIMED
    assert 5 < row.effect < 6  # of 0.1, the smallest
    row = judged(0.1, (0.1, 0.1, 0.1))
    assert (row.verdict, row.reason) == (OPEN, NOT_LEARNT)


def test_a_network_that_does_not_classify_starts_when_its_loss_has_fallen():
    """As the declaration of the deep linear network says."""
    runs = tables(none=[99, 98, 99, 98, 97, 99], batch=spread(5))
    assert verdict(runs).verdict == AS_CLAIMED
    row = verdict(runs, trained=("none",))
    assert (row.verdict, row.reason) == (OPEN, NOT_LEARNT)
    assert row.not_learnt == "6 of 6 runs of none stayed at chance, left out"


# What overflows


def overflowing(model, seeds, none, batch):
    """Runs of which the first of each norm has these values; batch's others are smaller."""
    return tables(
        model,
        none=around([none, *(50.0 + s for s in range(1, seeds))]),
        batch=around([batch, *(5.0 + s / 5 for s in range(1, seeds))]),
    )


@pytest.mark.parametrize("quantity", ["loss_range", "effective_beta"])
@pytest.mark.parametrize("model", ["vgg", "dln"])
def test_a_reference_that_overflows_supports_that_the_subject_is_smoother(
    quantity, model
):
    rows = verdicts(overflowing(model, 6, math.inf, 5.0), quantity=quantity)
    assert each("verdict", rows) == [AS_CLAIMED] * 2
    assert each("method", rows) == ["ranks", "ranks"]
    row, _ = rows
    assert row.p <= 0.025
    assert row.low == 0
    assert 0 < row.effect < row.high < 0.8


@pytest.mark.parametrize("model", ["vgg", "dln"])
def test_a_subject_that_overflows_supports_the_opposite(model):
    turned = {"subjects": ("none",), "reference": "batch", "quantity": "loss_range"}
    rows = verdicts(overflowing(model, 6, math.inf, 5.0), **turned)
    assert each("verdict", rows) == [OPPOSITE] * 2
    row, _ = rows
    assert 1 < row.low < row.effect < row.high == math.inf


def test_one_overflow_does_not_outweigh_seeds_that_say_the_opposite():
    rows = verdicts(overflowing("dln", 8, 50.0, math.inf), quantity="loss_range")
    assert each("verdict", rows) == [OPEN] * 2
    assert each("reason", rows) == [OVER_THE_LIMIT] * 2


def test_where_all_references_overflow_all_seeds_support_the_claim():
    none, batch = around([math.inf] * 6), around([5.0] * 6)
    rows = verdicts(tables("dln", none=none, batch=batch), quantity="loss_range")
    assert each("verdict", rows) == [AS_CLAIMED] * 2
    assert (rows[0].effect, rows[0].high, rows[0].p) == (0, 0, 2**-6)
    (row, _) = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert row.p == pytest.approx(1 / math.comb(12, 6))


def test_a_run_that_diverges_counts_where_a_claim_is_about_training():
    slow, fast = spread(80), spread(40)
    none = [run(falls(by), accuracy=0.9) for by in slow]
    none[0] = run(falls(80), accuracy=0.9, diverges_at=70)
    batch = [run(falls(by), accuracy=0.9) for by in fast]
    row = verdict(tables("vgg", none=none, batch=batch), quantity="mean_loss")
    assert (row.verdict, row.method) == (AS_CLAIMED, "ranks")
    row = verdict(tables("vgg", none=batch, batch=none), quantity="mean_loss")
    assert row.verdict == OPPOSITE


@pytest.mark.parametrize(("seeds", "expected"), [(11, OPEN), (12, AS_CLAIMED)])
def test_where_both_overflow_an_effect_is_unknown_and_counts_against_the_claim(
    seeds, expected
):
    """Twelve pairs bear one that says the opposite as strongly as can be."""
    runs = overflowing("dln", seeds, math.inf, math.inf)
    row, other = verdicts(runs, quantity="loss_range")
    assert row.verdict == expected
    assert row.reason == (OVER_THE_LIMIT if expected == OPEN else None)
    assert other.verdict == expected
    against = verdict(runs, quantity="loss_range", above=1.25, below=math.inf)
    assert against.verdict == (OPEN if expected == OPEN else OPPOSITE)


def test_a_shift_that_is_unknown_is_not_left_out():
    """Leaving a diverged run out would judge by the survivors alone."""
    none = around(spread(0.9))
    batch = around(spread(0.3))
    batch[0] = batch[0]._replace(values=np.full(21, math.nan))
    cosine = {"quantity": "ics_cosine", "scale": "difference", "below": 0}
    row = verdict(tables("dln", none=none, batch=batch), **cosine)
    assert row.seeds == 6
    assert row.verdict == OPEN
    row = verdict(tables("dln", none=none[1:], batch=batch[1:]), **cosine)
    assert row.high < 0


# At the same step and at the same loss


def test_of_two_nets_with_one_landscape_the_faster_is_not_smoother():
    def runs(by, start, error):
        # Each seed has its own pace, and a landscape of its own that both nets share.
        return [
            run(
                falls(by * (1 + 0.03 * s), start),
                lambda t, loss, s=s: (1 + 0.1 * s + error * (-1) ** s) * loss**1.5,
                probed=range(0, 200, 2),
            )
            for s in range(6)
        ]

    one = tables("dln", none=runs(170, 2.3, 1e-3), batch=runs(60, 2.4, 0))
    row, other = verdicts(one, quantity="loss_range")
    assert (row.verdict, other.verdict) == (AS_CLAIMED, OPEN)
    assert other.reason == NO_SIZE
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
    row, other = verdicts(tables("dln", none=none, batch=batch), quantity="loss_range")
    assert (row.verdict, row.reason) == (OPEN, NO_SIZE)
    assert (other.verdict, other.levels) == (AS_CLAIMED, "0.65 0.55 0.48 0.42")
    assert row.effect == pytest.approx(1)
    assert other.effect == pytest.approx(0.5, rel=0.01)


def test_nets_that_are_never_at_the_same_loss_are_compared_at_the_same_step_alone():
    none = [run(falls(1000, 3), lambda t, loss: 4.0)] * 6
    batch = [run(falls(100, 2), lambda t, loss: 1.0)] * 6
    row, other = verdicts(tables("vgg", none=none, batch=batch), quantity="loss_range")
    assert (row.verdict, other.verdict) == (AS_CLAIMED, OPEN)
    assert (other.seeds, other.reason) == (0, NO_COMMON_LOSS)
    assert math.isnan(other.effect)


def test_quantities_of_training_and_values_are_not_compared_at_the_same_loss():
    _, other = verdicts(tables(none=spread(10), batch=spread(5)))
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

    by_rate = together(runs(0.1, 0.3), runs(0.5, 0.5))
    row, other = verdicts(by_rate, quantity="loss_range", lr=None)
    assert row.effect == pytest.approx(0.4)
    # At the same loss runs of one rate are compared, as ratios.
    assert other.effect == pytest.approx(math.sqrt(0.3 * 0.5))
    assert other.seeds == 6
    assert verdict(by_rate, quantity="loss_range", lr=0.5).effect == pytest.approx(0.5)


def test_a_claim_at_best_rates_takes_each_normaliser_at_its_own():
    """Without normalisation 0.1 is best, with it 0.5; at one rate it is no smoother."""

    def runs(lr, none, batch):
        of = {"none": none, "batch": batch}
        return tables(
            "vgg",
            lr,
            **{
                norm: around([value + s / 10 for s in range(6)], by=by)
                for norm, (by, value) in of.items()
            },
        )

    by_rate = together(
        runs(0.1, none=(100, 4.0), batch=(200, 8.0)),
        runs(0.5, none=(900, 1.0), batch=(60, 2.0)),
    )
    at = {"quantity": "loss_range", "scale": "difference", "below": -1}
    rows = verdicts(by_rate, **at, lr=None, best_lr=True, trained=("none",))
    assert each("effect", rows) == pytest.approx([2.0 - 4.0, -2.0])
    assert each("seeds", rows) == [6, 6]
    assert each("best_lrs", rows) == ["0.5 / 0.1"] * 2
    assert pd.isna(rows[0].lr)
    assert each("verdict", rows) == [AS_CLAIMED] * 2
    for lr, effect in ((0.1, 4.0), (0.5, 1.0)):
        row = verdict(by_rate, **at, lr=lr)
        assert (row.effect, row.best_lrs) == (pytest.approx(effect), None)


def test_a_rate_at_which_a_seed_diverges_is_not_the_best():
    slow = tables("vgg", 0.1, none=[8, 8], batch=[9, 9])
    fast = tables("vgg", 0.5, none=[1, math.inf], batch=[1, 1])
    actual = best_rates(together(slow, fast)["history"])
    assert actual == {("vgg", "none"): 0.1, ("vgg", "batch"): 0.5}


def test_a_loss_of_0_hides_no_other_seed_from_the_choice_of_a_rate():
    none = [run(lambda step: 0.0), 8], [run(lambda step: 0.0), 1]
    slow, fast = (
        tables("vgg", lr, none=of_rate)
        for lr, of_rate in zip((0.1, 0.5), none, strict=True)
    )
    assert best_rates(together(slow, fast)["history"]) == {("vgg", "none"): 0.5}


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
    ends = {"none": 10, "batch": 5, "l1": 20, "l2": 1}
    runs = tables(**{norm: spread(loss) for norm, loss in ends.items()})
    norms = ["none", "batch", "l1", "l2"]
    file_keys = {"named": frozenset({"batch", "none", "l2"})}
    claims = [
        claim(applies_to="all", **file_keys),
        claim(id="other", subjects=("l2",), **file_keys),
    ]
    judged = judge(claims, runs, norms)
    assert judged.claim.tolist() == ["claim", "claim", "other"]
    assert judged.subject.tolist() == ["batch", "l1", "l2"]
    assert judged.verdict.tolist() == [AS_CLAIMED, OPPOSITE, AS_CLAIMED]
    claims = [claim(applies_to="all"), claim(id="other", subjects=("l2",))]
    judged = judge(claims, runs, norms)  # of two files
    assert judged.subject.tolist() == ["batch", "l1", "l2", "l2"]
    (row,) = judge([claim(applies_to="subjects")], runs, norms).itertuples()
    assert row.subject == "batch"


def test_a_claim_is_judged_for_each_model_of_its_architecture():
    deep = tables("deep", none=spread(10), batch=spread(5))
    flat = tables("flat", none=spread(98, by=0.001), batch=spread(98, by=0.001))
    other = tables("vgg", none=spread(10), batch=spread(1))
    models = {"deep": "dln", "vgg": "vgg", "flat": "dln"}
    one = claim(trained=("none",))
    judged = judge([one], together(deep, flat, other), models=models)
    assert judged.model.tolist() == ["deep", "flat"]
    assert judged.verdict.tolist() == [AS_CLAIMED, OPEN]
    assert pd.isna(judged.reason[0])
    assert judged.reason[1] == NOT_LEARNT
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

    good = [0.9] * 5
    model_tables = together(runs("small", 0.21, *good), runs("wide", 0.2, *good))
    one = claim(model="vgg", quantity="mean_loss", trained=("subject",))
    judged = judge([one], model_tables, models={"small": "vgg", "wide": "vgg"})
    assert judged.model.tolist() == ["small", "wide"]
    assert judged.verdict.tolist() == [AS_CLAIMED, OPEN]
    assert judged.reason[1] == "5 runs of batch, 6 are needed"


@pytest.mark.parametrize(
    ("model", "column", "values"),
    [
        ("vgg", "final_accuracy", (0.2, math.nextafter(0.2, 1))),
        ("dln", "final_loss", (9.0, math.nextafter(9.0, 0))),  # of 10 at the start
    ],
)
def test_a_run_at_the_limit_itself_is_at_chance(model, column, values):
    described = experiment({model: model}, ["none"]).models[model]
    cells = pd.DataFrame([(model, "none", 0.1, seed) for seed in (0, 1)], columns=CELL)
    runs = cells.assign(diverged_at=None, **{column: values})
    history = cells.assign(step=0, loss=10.0)
    assert determine(described, runs, history).tolist() == [AT_CHANCE, LEARNT]


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
        assert (row.seeds, row.reason, row.finished) == (0, NOT_MEASURED, None)
        assert other is None


# Many comparisons


def holm_by_hand(values) -> list[float]:
    ordered, corrected = sorted(values), []
    for rank, p in enumerate(ordered):
        corrected.append(max([*corrected, min(1, (len(values) - rank) * p)]))
    return [corrected[ordered.index(p)] for p in values]


@pytest.mark.parametrize(
    ("p", "holm"),
    [
        ("p", "holm"),
        ("p_direction", "holm_direction"),
        ("p_opposite", "holm_opposite"),
    ],
)
def test_holms_correction_is_within_a_topic_and_not_of_primary_claims(p, holm):
    none = [10, 11, 9, 10, 10.5, 9.5]
    ends = {"batch": [5, 8, 4, 7, 6, 6.5], "l1": [7.9, 8.3, 6.9, 8.4, 8.0, 7.5]}
    if p == "p_opposite":
        ends = {norm: [100 / end for end in some] for norm, some in ends.items()}
    runs = tables(none=none, **ends)
    claims = [
        claim(id="a", topic="one", subjects=("batch", "l1")),
        claim(id="b", topic="one", below=0.88),
        claim(id="c", topic="other", subjects=("l1",)),
        claim(id="d", topic="one", lr=0.5),  # there are no such runs
        claim(id="e", topic="one", primary="Training is faster"),
    ]
    judged = judge(claims, runs)
    first, second, third, other, absent, primary = judged[p]
    assert second == other
    assert primary == first == judged[holm][5]
    actual = judged[holm][:3].tolist()
    assert actual == pytest.approx(holm_by_hand([first, second, third]))
    assert judged[holm][3] == other
    assert math.isnan(absent)
    assert math.isnan(judged[holm][4])


# Symmetries

VALUES = st.one_of(st.floats(0.1, 10), st.sampled_from([1.0, math.inf]))
TURNED = {AS_CLAIMED: OPPOSITE, OPPOSITE: AS_CLAIMED}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=6, max_size=9))
def test_exchanging_subject_and_reference_turns_effects_and_no_verdict(pairs):
    """batch / none < 0.8 says the same as none / batch > 1.25, in each comparison."""
    none, batch = (
        [run(falls(by), lambda t, loss, v=v: v) for v in values]
        for by, values in zip((90, 120), zip(*pairs, strict=True), strict=True)
    )
    runs = tables("vgg", none=none, batch=batch)
    vgg_cells = {"model": "vgg", "quantity": "loss_range"}
    turned = {"subjects": ("none",), "reference": "batch"}
    turned |= {"above": 1.25, "below": math.inf}
    judged = judge([claim(**vgg_cells), claim(**vgg_cells | turned)], runs)
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
    actual = []
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
        actual.append(each("verdict", rows))
    assert actual[1] == [TURNED[one] for one in actual[0]]
