"""What the effects of a case's runs decide about its claim: direction and size."""

import math

import numpy as np

from normscape.claims import intervals
from normscape.claims.claim import Claim
from normscape.claims.intervals import Interval, Sample

AS_CLAIMED, SMALLER = "as claimed", "smaller than claimed"
SIZE_OPEN = "right direction, size open"
OPPOSITE, OPEN = "opposite", "open"
VERDICTS = (AS_CLAIMED, SIZE_OPEN, SMALLER, OPPOSITE, OPEN)

# With fewer runs no test of ranks or signs reaches 2.5%, so that a verdict would rest on
# the shape of a distribution that so few runs cannot show.
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
        p = p_against = math.nan
    else:
        interval, sizes = sample.interval(), sample.sizes
        p = intervals.probability_inside(sample, *claim.limits)
        p_against = intervals.probability_outside(sample, *claim.limits)
    direction = find_direction(claim, interval)
    reason = undecided or _explain_few(names, sizes)
    verdict = OPEN if reason else judge_size(claim, interval, direction)
    if verdict == OPEN and not reason:
        reason = "the interval reaches over the limit"
        if math.isnan(interval.effect):
            reason = (
                "a run diverged, or both overflowed, or one was finished at all probes"
            )
    return {
        "effect": unscaled(claim, interval.effect),
        "low": unscaled(claim, interval.low),
        "high": unscaled(claim, interval.high),
        "seeds": sizes[0],
        "reference_seeds": sizes[1] if len(sizes) == 2 else None,
        "method": interval.method,
        "p": p,
        "p_against": p_against,
        "direction": OPEN if reason and direction else direction,
        "verdict": verdict,
        "reason": reason,
    }


def unscaled(claim: Claim, effect: float) -> float:
    """An effect in the quantity's unit, or as a factor."""
    return float(np.exp(effect)) if claim.scale == "ratio" else float(effect)


def find_direction(claim: Claim, interval: Interval) -> str | None:
    """Whether the effect has the claimed sign: as claimed, opposite, or open.

    None for claims without a direction: of a value, or that no effect may lie in the range.
    """
    above, below = claim.limits
    if claim.scale == "value" or above < 0 < below:
        return None
    claimed_sign = 1 if above >= 0 else -1
    if interval.low > 0:
        sign = 1
    elif interval.high < 0:
        sign = -1
    else:
        return OPEN
    return AS_CLAIMED if sign == claimed_sign else OPPOSITE


def judge_size(claim: Claim, interval: Interval, direction: str | None) -> str:
    """One of ``VERDICTS``; direction : from ``find_direction``."""
    above, below = claim.limits
    # An interval may reach to infinity on the side that the claim leaves open.
    over = above == -math.inf or above < interval.low
    under = below == math.inf or interval.high < below
    if over and under:
        return AS_CLAIMED
    outside = interval.high <= above or interval.low >= below
    if direction == OPPOSITE or (outside and direction is None):
        return OPPOSITE
    if outside:
        return SMALLER
    return SIZE_OPEN if direction == AS_CLAIMED else OPEN


def _explain_few(names, sizes) -> str | None:
    """Which network has too few runs, or None."""
    if len(names) == 2 and len(sizes) == 1:
        names = [" and ".join(names)]
    for name, size in zip(names, sizes, strict=True):
        if size < RUNS:
            return f"{size} runs of {name}, {RUNS} are needed"
    return None
