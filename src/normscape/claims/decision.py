"""Verdicts: the direction and size of an effect, from the runs of a case."""

import math

import numpy as np

from normscape.claims import intervals
from normscape.claims.claim import Claim
from normscape.claims.intervals import Interval, Sample

AS_CLAIMED, SMALLER = "as claimed", "smaller than claimed"
SIZE_OPEN = "right direction, size open"
OPPOSITE, OPEN = "opposite", "open"
VERDICTS = (AS_CLAIMED, SIZE_OPEN, SMALLER, OPPOSITE, OPEN)

# With fewer runs no test of signs or signed ranks reaches 2.5% (five give 1/32). A verdict on pairs
# would depend on the shape of the distribution, which so few runs cannot show. Two groups need as
# many, so that no claim is easier than another.
RUNS = 6


def decide(
    claim: Claim, names: list[str], sample: Sample | None, undecided: str | None
) -> dict:
    """Columns of a verdict, from ``effect`` to ``reason``; ``judge`` describes them.

    names : of subject and reference. sample : values or effects, ratios as logarithms; None
    without any. undecided : why they decide nothing, or None.
    """
    if sample is None:
        interval = Interval(math.nan, math.nan, math.nan, "")
        sizes = (0, 0)
    else:
        interval, sizes = sample.interval(), sample.sizes
    direction = find_direction(claim, interval)
    reason = undecided or _explain_few(names, sizes)
    probabilities = dict.fromkeys(("p", "p_direction", "p_opposite"), math.nan)
    if not reason:
        probabilities |= _probabilities(claim, sample)
    verdict = OPEN if reason else judge_size(claim, interval, direction)
    if verdict == OPEN and not reason:
        reason = "the interval includes the limit"
        if _is_outside(claim, interval):
            reason = "not of the claimed size, and the direction is open"
        if math.isnan(interval.effect):
            reason = "a run diverged, both overflowed, or one was finished at all checkpoints"
    return {
        "effect": unscaled(claim, interval.effect),
        "low": unscaled(claim, interval.low),
        "high": unscaled(claim, interval.high),
        "seeds": sizes[0],
        "reference_seeds": sizes[1] if len(sizes) == 2 else None,
        "method": interval.method,
        **probabilities,
        "direction": OPEN if reason and direction else direction,
        "verdict": verdict,
        "reason": reason,
    }


def unscaled(claim: Claim, effect: float) -> float:
    """An effect in the quantity's unit, or as a factor."""
    return float(np.exp(effect)) if claim.scale == "ratio" else float(effect)


def claimed_sign(claim: Claim) -> int:
    """The sign that the effect is claimed to have, or at least not to contradict.

    0 for claims without a direction: of a value, or that an effect lies around none.
    """
    above, below = claim.limits
    if claim.scale == "value":
        return 0
    if below == math.inf or above >= 0:
        return 1
    return -1 if above == -math.inf or below <= 0 else 0


def find_direction(claim: Claim, interval: Interval) -> str | None:
    """Whether the effect has the claimed sign: as claimed, opposite, or open.

    None for claims without a direction.
    """
    sign = claimed_sign(claim)
    if not sign:
        return None
    if interval.low > 0 or interval.high < 0:
        effect_sign = 1 if interval.low > 0 else -1
        return AS_CLAIMED if effect_sign == sign else OPPOSITE
    return OPEN


def judge_size(claim: Claim, interval: Interval, direction: str | None) -> str:
    """One of ``VERDICTS``; direction : from ``find_direction``."""
    above, below = claim.limits
    # An interval may reach to infinity on the side that the claim leaves open.
    over = above == -math.inf or above < interval.low
    under = below == math.inf or interval.high < below
    if over and under:
        return AS_CLAIMED
    outside = _is_outside(claim, interval)
    if direction == OPPOSITE or (outside and direction is None):
        return OPPOSITE
    if direction == AS_CLAIMED:
        return SMALLER if outside else SIZE_OPEN
    return OPEN


def _is_outside(claim, interval):
    above, below = claim.limits
    return interval.high <= above or interval.low >= below


def _probabilities(claim, sample) -> dict[str, float]:
    sign = claimed_sign(claim)
    sides = {1: sample.greater(0.0), -1: sample.less(0.0)} if sign else {}
    outside = intervals.probability_outside(sample, *claim.limits)
    return {
        "p": intervals.probability_inside(sample, *claim.limits),
        "p_direction": sides.get(sign, math.nan),
        "p_opposite": sides.get(-sign, outside),
    }


def _explain_few(names, sizes) -> str | None:
    """Which network has too few runs, or None."""
    if len(names) == 2 and len(sizes) == 1:
        names = [" and ".join(names)]
    for name, size in zip(names, sizes, strict=True):
        if size < RUNS:
            return f"{size} runs of {name}, {RUNS} are needed"
    return None
