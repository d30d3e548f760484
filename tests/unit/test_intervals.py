"""Intervals and probabilities against scipy, and against all patterns of signs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from normscape.claims.intervals import (
    LEVEL,
    OneSample,
    TwoSamples,
    holm,
    probability_inside,
    probability_outside,
)

INF = math.inf


def interval(effects):
    return OneSample(effects).interval()


def probability(effects, above, below):
    return probability_inside(OneSample(effects), above, below)


# Student's t


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_finite_effects_have_scipys_t_interval(seeds):
    effects = np.random.default_rng(seeds).normal(0.3, 1, seeds)
    actual = interval(effects)
    expected = stats.ttest_1samp(effects, 0).confidence_interval(0.95)
    assert (actual.low, actual.high) == pytest.approx(tuple(expected))
    assert (actual.effect, actual.method) == (pytest.approx(effects.mean()), "t")


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_finite_effects_have_scipys_t_probability(seeds):
    effects = np.random.default_rng(seeds).normal(0.3, 1, seeds)
    above, below = (
        stats.ttest_1samp(effects, limit, alternative=side).pvalue
        for limit, side in ((-0.5, "greater"), (0.9, "less"))
    )
    assert probability(effects, -0.5, INF) == pytest.approx(above)
    assert probability(effects, -INF, 0.9) == pytest.approx(below)
    assert probability(effects, -0.5, 0.9) == pytest.approx(max(above, below))


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=9), st.floats(-9, 9))
def test_an_end_of_an_interval_is_a_test_of_one_side(effects, limit):
    effects = np.array(effects)
    actual = interval(effects)
    if actual.method != "t" or np.ptp(effects) < 1e-6:
        return
    p = probability(effects, limit, INF)
    assert (limit < actual.low) == (p < LEVEL) or p == pytest.approx(LEVEL)


# One seed, and seeds that are all alike


def test_one_seed_has_no_interval():
    effect, low, high, method = interval(np.array([3.0]))
    assert (effect, method) == (3, "")
    assert math.isnan(low)
    assert math.isnan(high)
    assert math.isnan(probability(np.array([3.0]), 0, INF))


@pytest.mark.parametrize("seeds", range(2, 9))
def test_seeds_that_are_all_alike_have_the_probability_of_their_signs(seeds):
    effects = np.full(seeds, 0.75)
    assert interval(effects) == (0.75, 0.75, 0.75, "same")
    expected = stats.binomtest(seeds, seeds, 0.5, alternative="greater").pvalue
    assert probability(effects, 0.6, INF) == expected == 2.0**-seeds
    assert probability(effects, -INF, 0.8) == expected
    assert probability(effects, 0.8, INF) == 1
    assert probability(effects, 0.75, INF) == 1  # on the limit itself
    assert probability(effects, 0.6, 0.8) == expected
    assert probability(effects, 0.6, 0.75) == 1


# Ranks


def ranked(effects, against):
    """Finite numbers that rank as the effects do.

    Infinite effects rank above all finite ones; where there are both, those of the sign
    that counts ``against`` rank higher. Unknown ones have that sign and rank highest.
    """
    actual = np.array(effects)
    larger = np.arange(1, len(actual) + 1.0)  # so that no two are alike
    actual[actual == -against * INF] = -against * 1e3
    actual[actual == against * INF] = against * 1e6
    actual[np.isnan(actual)] = against * 1e9
    return np.where(abs(actual) > 100, actual * larger, actual)


INFINITE = [
    [-INF, -2.0, -2.5, -3.1, -2.15, -2.2],
    [INF, -2.0, 2.5, 3.1, 1.4, 2.2],
    [INF, INF, 0.4, -0.3, 1.7, 2.6, 0.05, 3.3],
    [INF, -INF, 0.4, 0.3, 1.7, 2.6, 0.05],
    [math.nan, 0.4, 0.31, 1.7, 2.6, 0.05, 1.1, 2.0],
    [math.nan, INF, 1.4, 1.31, 1.7, 2.6, 1.05, 1.15],
    [-INF, INF, INF, math.nan, 0.3, 0.7, 1.2, -0.4],
    [-INF, INF, 0.4, 0.31, 1.7, 2.6, 0.05, 1.15, 0.92, 1.43, 2.07],
]
IDS = [str(i) for i in range(len(INFINITE))]


@pytest.mark.parametrize("limit", [-5.0, -0.123, 0.456, 1.234])
@pytest.mark.parametrize("effects", INFINITE, ids=IDS)
def test_ranks_have_the_probability_of_all_patterns_of_signs(effects, limit):
    """And scipy's, where infinite effects are large finite ones."""
    excess = ranked(effects, -1) - limit
    assert len(set(abs(excess))) == len(excess)
    ranks = stats.rankdata(abs(excess))
    positive = ranks[excess > 0].sum()
    patterns = itertools.product((0, 1), repeat=len(ranks))
    as_large = [ranks @ np.array(signs) >= positive for signs in patterns]
    actual = probability(np.array(effects), limit, INF)
    assert actual == pytest.approx(np.mean(as_large))
    scipys = stats.wilcoxon(excess, alternative="greater", method="exact")
    assert actual == pytest.approx(scipys.pvalue)


@pytest.mark.parametrize("effects", INFINITE, ids=IDS)
def test_an_interval_of_ranks_holds_the_shifts_that_no_test_rejects(effects):
    effects = np.array(effects)
    actual = interval(effects)
    assert actual.method == "ranks"
    for shift in np.arange(-4.013, 4, 0.05):
        too_low, too_high = (
            stats.wilcoxon(
                ranked(effects, sign) - shift, alternative=side, method="exact"
            ).pvalue
            <= LEVEL
            for sign, side in ((-1, "greater"), (1, "less"))
        )
        assert (shift < actual.low) == too_low, shift
        assert (shift > actual.high) == too_high, shift


@pytest.mark.parametrize("effects", INFINITE, ids=IDS)
def test_what_ranks_say_turns_with_the_effects(effects):
    effects = np.array(effects)
    actual, turned = interval(effects), interval(-effects)
    assert (-turned.high, -turned.low) == (actual.low, actual.high)
    assert turned.effect == -actual.effect
    for limit in (-0.6, 0.2):
        same = probability(-effects, -INF, -limit)
        assert probability(effects, limit, INF) == same


@pytest.mark.parametrize(("seeds", "bounded"), [(5, False), (6, True), (8, True)])
def test_ranks_take_six_seeds(seeds, bounded):
    effects = np.array([-INF, *np.arange(-3, -4, -0.125)])[:seeds]
    actual = interval(effects)
    assert math.isfinite(actual.high) == bounded
    assert (probability(effects, -INF, -1) <= LEVEL) == bounded


def test_an_unknown_effect_lies_at_either_end():
    effects = np.array([math.nan, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6])
    actual = interval(effects)
    assert (actual.low, actual.high) == (-INF, INF)
    assert actual.effect == 1.3
    assert probability(effects, 0.5, INF) > LEVEL
    assert probability(effects, -INF, 2.0) > LEVEL
    nothing = interval(np.full(8, math.nan))
    assert math.isnan(nothing.effect)
    assert nothing[1:3] == (-INF, INF)
    assert probability(np.full(8, math.nan), 0, INF) == 1


# Two groups of runs


def two_samples(first=6, second=9, spread=3.0):
    draws = np.random.default_rng(first)
    return TwoSamples(draws.normal(0.3, 1, first), draws.normal(1, spread, second))


@pytest.mark.parametrize("sizes", [(2, 2), (6, 6), (6, 12), (3, 8)])
def test_groups_of_unequal_size_and_spread_have_welchs_interval(sizes):
    """By its formula: the standard error and the degrees of freedom of two variances."""
    sample = two_samples(*sizes)
    errors = [np.var(g, ddof=1) / len(g) for g in (sample.subject, sample.reference)]
    freedom = sum(errors) ** 2 / sum(
        e**2 / (n - 1) for e, n in zip(errors, sizes, strict=True)
    )
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(errors))
    effect = sample.subject.mean() - sample.reference.mean()
    actual = sample.interval()
    assert actual.method == "welch"
    assert actual[:3] == pytest.approx((effect, effect - half, effect + half))
    p = stats.t.sf((effect + 0.7) / math.sqrt(sum(errors)), freedom)
    assert sample.greater(-0.7) == pytest.approx(p)
    assert sample.less(-0.7) == pytest.approx(1 - p)


def test_a_wide_group_does_not_borrow_the_narrow_groups_spread():
    """Student's test with one common variance would be surer of the small wide group."""
    wide = np.array([-3.0, 3.5, -1.0, 2.0, 0.5, 4.0])
    narrow = np.linspace(-0.01, 0.01, 60)
    low, high = TwoSamples(wide, narrow).interval()[1:3]
    alone = OneSample(wide).interval()
    assert (low, high) == pytest.approx((alone.low, alone.high), rel=0.01)


def test_groups_have_no_interval_of_one_run():
    actual = TwoSamples(np.array([1.0]), np.array([2.0, 3.0]))
    assert actual.interval().method == ""
    assert math.isnan(actual.greater(0))


def test_groups_that_are_each_alike_have_the_probability_of_their_order():
    sample = TwoSamples(np.full(6, 5.0), np.full(6, 7.0))
    assert sample.interval() == (-2, -2, -2, "same")
    assert sample.less(-1) == pytest.approx(1 / math.comb(12, 6))
    assert sample.less(-2) == 1  # on the limit itself


UNEVEN = [
    ([-INF, 1.0, 2.1, 3.3, 4.2, 5.4], [7.1, 8.3, 9.2, 10.6, 11.5, 12.7]),
    ([0.3, 1.0, 2.1], [INF, INF, 0.9, 10.6, 11.5, 12.7, 0.1]),
    ([math.nan, 1.0, 2.1, 3.3], [7.1, 8.3, 0.2, -INF, 4.4]),
]


def extreme(values, sign) -> np.ndarray:
    """Finite values in the same order; an unknown one is the largest, or the smallest."""
    actual = np.array(values)
    larger = np.arange(1, len(actual) + 1.0)  # so that no two are alike
    actual = np.where(np.isinf(actual), np.sign(actual) * 1e6 * larger, actual)
    return np.where(np.isnan(actual), sign * 1e9, actual)


@pytest.mark.parametrize(("subject", "reference"), UNEVEN, ids=["0", "1", "2"])
@pytest.mark.parametrize("limit", [-6.05, -0.55, 1.95])
def test_infinite_values_have_the_probability_of_all_orders(subject, reference, limit):
    """By brute force over all ways in which two groups could have shared these ranks."""
    actual = TwoSamples(np.array(subject), np.array(reference)).greater(limit)
    first = extreme(subject, -1) - limit
    both = np.concatenate([first, extreme(reference, 1)])
    ranks = stats.rankdata(both)
    assert len(set(ranks)) == len(ranks)
    sums = [sum(some) for some in itertools.combinations(ranks, len(first))]
    expected = np.mean(np.array(sums) >= ranks[: len(first)].sum())
    assert actual == pytest.approx(expected)
    scipys = stats.mannwhitneyu(
        first, extreme(reference, 1), alternative="greater", method="exact"
    )
    assert actual == pytest.approx(scipys.pvalue)


@pytest.mark.parametrize(("subject", "reference"), UNEVEN, ids=["0", "1", "2"])
def test_an_interval_of_rank_sums_holds_the_shifts_that_no_test_rejects(
    subject, reference
):
    sample = TwoSamples(np.array(subject), np.array(reference))
    actual = sample.interval()
    assert actual.method == "ranks"
    for shift in np.arange(-20.013, 20, 0.21):
        assert (shift < actual.low) == (sample.greater(shift) <= LEVEL), shift
        assert (shift > actual.high) == (sample.less(shift) <= LEVEL), shift


# Outside of a range


def test_an_effect_outside_a_range_is_beyond_one_of_its_ends():
    sample = OneSample(np.array([1.0, 1.2, 0.9, 1.1, 1.3, 1.05]))
    inside, outside = (
        f(sample, -0.5, 0.5) for f in (probability_inside, probability_outside)
    )
    assert inside > 0.99
    assert outside == sample.greater(0.5) < 0.001
    assert probability_outside(sample, -INF, 0.5) == sample.greater(0.5)
    assert probability_outside(sample, 0.5, INF) == sample.less(0.5) > 0.99


# Holm


def closed(values):
    """Of all sets of hypotheses with this one the largest p-value, each set Bonferroni's.

    Holm's correction is this closed test (Marcus, Peritz and Gabriel 1976).
    """
    numbers = range(len(values))
    sets = [s for count in numbers for s in itertools.combinations(numbers, count + 1)]
    largest_of_set = {s: min(1, len(s) * min(values[i] for i in s)) for s in sets}
    return [max(p for s, p in largest_of_set.items() if i in s) for i in numbers]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holms_correction_is_a_closed_test(values):
    assert holm(np.array(values)).tolist() == pytest.approx(closed(values))


def test_what_has_no_probability_does_not_count():
    actual = holm(np.array([0.04, math.nan, 0.01, math.nan]))
    assert actual[[0, 2]].tolist() == [0.04, 0.02]
    assert np.isnan(actual[[1, 3]]).all()
    assert holm(np.array([])).tolist() == []
