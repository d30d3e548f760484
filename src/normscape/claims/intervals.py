"""What the effects of some seeds say of an effect: an interval, and a probability.

Confidence is 95 %, so that each end of an interval is a one-sided test at 2.5 %.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
# One-sided level of the tests that the ends of an interval are.
LEVEL = (1 - CONFIDENCE) / 2


class Interval(NamedTuple):
    """An effect with the ends of its interval, and how they were found.

    method : "t" (Student's t over seeds); "ranks" (exact signed ranks, where an effect is
        infinite or unknown); "same" (all seeds alike, so that low = high = effect); empty for
        one seed, which has no interval.
    """

    effect: float
    low: float
    high: float
    method: str


def interval(effects: np.ndarray) -> Interval:
    """The 95 % interval of the effects of several seeds; NaN is an unknown effect.

    >>> interval(np.array([1.0, 2.0, 3.0])).method
    't'
    >>> interval(np.array([1.0, 1.0, 1.0]))
    Interval(effect=1.0, low=1.0, high=1.0, method='same')
    >>> interval(np.array([-np.inf, -2.0, -2.5, -3.0, -2.1, -2.2])).high
    -2.0
    """
    if len(effects) == 1:
        return Interval(float(effects[0]), math.nan, math.nan, "")
    if not np.isfinite(effects).all():
        return _rank_interval(effects)
    mean = float(effects.mean())
    if np.ptp(effects) <= 1e-12 * abs(mean):
        return Interval(mean, mean, mean, "same")
    half = stats.t.ppf(1 - LEVEL, len(effects) - 1) * stats.sem(effects)
    return Interval(mean, mean - float(half), mean + float(half), "t")


def probability(effects: np.ndarray, above: float, below: float) -> float:
    """One-sided p-value of effects for lying between two limits; the larger of the two's.

    Where all seeds are alike it is that of the sign test, 2^-n. NaN for one seed.

    >>> probability(np.array([1.0, 1.0, 1.0]), 0.5, np.inf)
    0.125
    """
    if len(effects) == 1:
        return math.nan
    method = interval(effects).method
    tails = {"t": _t_tail, "ranks": _rank_tail, "same": _sign_tail}[method]
    return max(
        tails(effects - above) if above > -math.inf else 0.0,
        tails(below - effects) if below < math.inf else 0.0,
    )


def _t_tail(excess):
    return float(stats.ttest_1samp(excess, 0, alternative="greater").pvalue)


def _sign_tail(excess):
    return 0.5 ** len(excess) if excess[0] > 0 else 1.0


def _rank_tail(excess):
    """Wilcoxon's signed-rank test; what is unknown counts as negative."""
    positive = int((_pairwise_means(excess) > 0).sum())
    chances = _signed_rank_chances(len(excess))
    return float(chances[positive:].sum())


def _rank_interval(effects):
    """The median, and the interval that inverts the signed-rank test.

    Its ends are pairwise means (Hodges and Lehmann 1963); an unknown one lies at either end
    at once.
    """
    means = _pairwise_means(effects)
    unknown = np.isnan(means)
    below = np.sort(np.where(unknown, -math.inf, means))
    above = np.sort(np.where(unknown, math.inf, means))
    count = len(means)
    outside = int((np.cumsum(_signed_rank_chances(len(effects))) <= LEVEL).sum())
    low = below[outside - 1] if outside else -math.inf
    high = above[count - outside] if outside else math.inf
    known = effects[~np.isnan(effects)]
    with np.errstate(invalid="ignore"):  # between two opposite infinities
        effect = float(np.median(known)) if len(known) else math.nan
    return Interval(effect, float(low), float(high), "ranks")


def _pairwise_means(values):
    """Of each pair of values and of each with itself.

    NaN where a value is unknown, and of two opposite infinities.
    """
    rows, columns = np.triu_indices(len(values))
    with np.errstate(invalid="ignore"):
        return (values[rows] + values[columns]) / 2


def _signed_rank_chances(count):
    """Probability of each sum of positive ranks of ``count`` seeds without an effect."""
    chances = np.ones(1)
    for rank in range(1, count + 1):
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return chances


def holm(values: np.ndarray) -> np.ndarray:
    """p-values with Holm's (1979) correction for their number; NaN stays and counts not.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(values), math.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    return adjusted
