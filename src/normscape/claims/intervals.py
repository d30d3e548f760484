"""Confidence intervals of effects over runs, and one-sided p-values.

Confidence is 95%, so that each end of an interval is a one-sided test at 2.5%. Samples of
runs have ``interval()``, ``greater(limit)`` and ``less(limit)``: the one-sided p-values for
an effect above or below a limit.
"""

import dataclasses
import functools
import math
import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
# One-sided level of the tests that the ends of an interval are.
LEVEL = (1 - CONFIDENCE) / 2


class Interval(NamedTuple):
    """An effect with its confidence interval.

    Attributes
    ----------
    effect, low, high : float
        In the unit of the values; NaN if unknown.
    method : {"t", "welch", "ranks", "same", ""}
        Student's t, Welch's t, exact ranks (if requested, or if a value is infinite or unknown),
        all values alike (low = high = effect), or a single run, which has no interval.
    """

    effect: float
    low: float
    high: float
    method: str


@dataclasses.dataclass(frozen=True)
class OneSample:
    """Effects of runs, or of pairs of runs.

    Parameters
    ----------
    effects : numpy.ndarray
        Of shape (runs,); NaN is unknown.
    ranks : bool
        Whether ranks are used for finite effects, too.

    Examples
    --------
    >>> OneSample(np.array([1.0, 2.0, 3.0])).interval().method
    't'
    >>> OneSample(np.array([1.0, 1.0, 1.0])).interval()
    Interval(effect=1.0, low=1.0, high=1.0, method='same')
    >>> OneSample(np.array([1.0, 1.0, 1.0])).greater(0.5)  # the sign test's
    0.125
    """

    effects: np.ndarray
    ranks: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self.effects),)

    def interval(self) -> Interval:
        effects = self.effects
        if self._method == "ranks":
            chances = _signed_rank_chances(len(effects))
            return _rank_interval(_median(effects), _pairwise_means(effects), chances)
        mean = float(effects.mean())
        match self._method:
            case "":
                return Interval(mean, math.nan, math.nan, "")
            case "same":
                return Interval(mean, mean, mean, "same")
        interval = stats.ttest_1samp(effects, 0).confidence_interval(CONFIDENCE)
        return Interval(mean, float(interval.low), float(interval.high), "t")

    def greater(self, limit: float) -> float:
        excess = self.effects - limit
        match self._method:
            case "":
                return math.nan
            case "same":
                return 0.5 ** len(excess) if excess[0] > 0 else 1.0
            case "t":
                test = stats.ttest_1samp(excess, 0, alternative="greater")
                return float(test.pvalue)
        # What is unknown counts as negative.
        positive = int((_pairwise_means(excess) > 0).sum())
        return float(_signed_rank_chances(len(excess))[positive:].sum())

    def less(self, limit: float) -> float:
        return OneSample(-self.effects, self.ranks).greater(-limit)

    @property
    def _method(self):
        if len(self.effects) == 1:
            return ""
        if not np.isfinite(self.effects).all():
            return "ranks"
        if _alike(self.effects):
            return "same"
        return "ranks" if self.ranks else "t"


@dataclasses.dataclass(frozen=True)
class TwoSamples:
    """Values of two groups of runs; the effect is the difference of their means.

    Groups may differ in size and in spread (Welch 1947). With infinite or unknown values
    the effect is the median of all differences, and the interval inverts the exact test of
    rank sums (Hodges and Lehmann 1963).

    Parameters
    ----------
    subject, reference : numpy.ndarray
        Of shapes (runs,) and (other runs,); NaN is unknown.
    ranks : bool
        Whether ranks are used for finite values, too.

    Examples
    --------
    >>> interval = TwoSamples(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0])).interval()
    >>> interval.effect, interval.method
    (-4.0, 'welch')
    """

    subject: np.ndarray
    reference: np.ndarray
    ranks: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        return len(self.subject), len(self.reference)

    def interval(self) -> Interval:
        if self._method == "ranks":
            differences = self._differences(0.0)
            chances = _rank_sum_chances(*self.sizes)
            return _rank_interval(_median(differences), differences, chances)
        effect = float(self.subject.mean() - self.reference.mean())
        if self._method == "":
            return Interval(effect, math.nan, math.nan, "")
        if self._method == "same":
            return Interval(effect, effect, effect, "same")
        interval = self._welch("two-sided").confidence_interval(CONFIDENCE)
        return Interval(effect, float(interval.low), float(interval.high), "welch")

    def greater(self, limit: float) -> float:
        if self._method == "":
            return math.nan
        if self._method == "welch":
            return float(self._welch("greater", limit).pvalue)
        # What is unknown counts as negative.
        positive = int((self._differences(limit) > 0).sum())
        return min(1.0, float(_rank_sum_chances(*self.sizes)[positive:].sum()))

    def less(self, limit: float) -> float:
        return TwoSamples(-self.subject, -self.reference, self.ranks).greater(-limit)

    @property
    def _method(self):
        if min(self.sizes) < 2:
            return ""
        if not np.isfinite([*self.subject, *self.reference]).all():
            return "ranks"
        if _alike(self.subject) and _alike(self.reference):
            return "same"
        return "ranks" if self.ranks else "welch"

    def _welch(self, side, limit=0.0):
        shifted = self.subject - limit
        with warnings.catch_warnings():
            # One of the groups may be all alike.
            warnings.simplefilter("ignore", RuntimeWarning)
            return stats.ttest_ind(
                shifted, self.reference, equal_var=False, alternative=side
            )

    def _differences(self, limit):
        with np.errstate(invalid="ignore"):  # of infinities alike
            return np.subtract.outer(self.subject - limit, self.reference).ravel()


Sample = OneSample | TwoSamples


def probability_inside(sample: Sample, above: float, below: float) -> float:
    """One-sided p-value for an effect between two limits: the larger one of the two sides.

    Parameters
    ----------
    sample : OneSample or TwoSamples
    above, below : float
        The limits; -inf or inf if there is none.

    Returns
    -------
    float
        NaN for a single run.
    """
    sides = [sample.greater(above)] if above > -math.inf else []
    sides += [sample.less(below)] if below < math.inf else []
    return float(np.max(sides))


def probability_outside(sample: Sample, above: float, below: float) -> float:
    """One-sided p-value for an effect outside of two limits: the smaller one of the two sides.

    Parameters and result are those of ``probability_inside``.
    """
    sides = [sample.less(above)] if above > -math.inf else []
    sides += [sample.greater(below)] if below < math.inf else []
    return float(np.min(sides))


def _alike(values):
    return np.ptp(values) <= 1e-12 * abs(values.mean())


def _median(values):
    known = values[~np.isnan(values)]
    with np.errstate(invalid="ignore"):  # between two opposite infinities
        return float(np.median(known)) if len(known) else math.nan


def _rank_interval(effect, estimates, chances):
    """The interval between two of the sorted estimates; an unknown one is at either end.

    chances : of each number of positive estimates, without an effect.
    """
    unknown = np.isnan(estimates)
    below = np.sort(np.where(unknown, -math.inf, estimates))
    above = np.sort(np.where(unknown, math.inf, estimates))
    count = len(estimates)
    outside = int((np.cumsum(chances) <= LEVEL).sum())
    low = below[outside - 1] if outside else -math.inf
    high = above[count - outside] if outside else math.inf
    return Interval(effect, float(low), float(high), "ranks")


def _pairwise_means(values):
    """Of each pair of values and of each with itself.

    NaN where a value is unknown, and of two opposite infinities.
    """
    rows, columns = np.triu_indices(len(values))
    with np.errstate(invalid="ignore"):
        return (values[rows] + values[columns]) / 2


@functools.cache
def _signed_rank_chances(count):
    """Probability of each sum of positive ranks of ``count`` effects around zero."""
    chances = np.ones(1)
    for rank in range(1, count + 1):
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return chances


@functools.cache
def _rank_sum_chances(first, second):
    """Probability of each number of positive differences between two groups that are alike.

    Mann and Whitney (1947): where the largest value is of the first group, it exceeds all
    of the second.
    """
    chances = np.zeros(first * second + 1)
    if not (first and second):
        chances[0] = 1.0
        return chances
    largest_in_first = _rank_sum_chances(first - 1, second) * first / (first + second)
    largest_in_second = _rank_sum_chances(first, second - 1) * second / (first + second)
    chances[second:] += largest_in_first
    chances[: len(largest_in_second)] += largest_in_second
    return chances


def holm(values: np.ndarray) -> np.ndarray:
    """Correct p-values for their number (Holm 1979).

    Parameters
    ----------
    values : numpy.ndarray
        p-values of shape (tests,). NaN stays NaN and does not count.

    Returns
    -------
    numpy.ndarray
        Corrected p-values of the same shape.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(values), math.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    return adjusted
