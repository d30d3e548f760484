"""What the effects of a case's seeds decide about its claim."""

import math

import numpy as np

from normscape.claims import intervals
from normscape.claims.claim import Claim

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE = "inconclusive"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE)


def decide(claim: Claim, effects: np.ndarray, undecided: str | None) -> dict:
    """Columns of a verdict: effect, low, high, seeds, method, p, verdict and reason.

    effects : of each seed, ratios as logarithms. undecided : why they decide nothing, or
    None.
    """
    if not len(effects):
        return {
            **dict.fromkeys(("effect", "low", "high"), math.nan),
            "seeds": 0,
            "method": "",
            "p": math.nan,
            "verdict": INCONCLUSIVE,
            "reason": undecided,
        }
    interval = intervals.interval(effects)
    verdict = INCONCLUSIVE if undecided else _compare(interval, claim.limits)
    if _is_too_few(interval.method, len(effects)):
        verdict = INCONCLUSIVE
    reason = undecided
    if verdict == INCONCLUSIVE and not undecided:
        reason = _explain(effects, interval.method)
    return {
        "effect": unscaled(claim, interval.effect),
        "low": unscaled(claim, interval.low),
        "high": unscaled(claim, interval.high),
        "seeds": len(effects),
        "method": interval.method,
        "p": intervals.probability(effects, *claim.limits),
        "verdict": verdict,
        "reason": reason,
    }


def unscaled(claim: Claim, effect: float) -> float:
    """An effect in the quantity's unit, or as a factor."""
    return float(np.exp(effect)) if claim.scale == "ratio" else float(effect)


def _compare(interval, limits) -> str:
    above, below = limits
    # An interval may reach to infinity on the side that the claim leaves open.
    over = above == -math.inf or above < interval.low
    under = below == math.inf or interval.high < below
    if over and under:
        return REPRODUCED
    if interval.high <= above or interval.low >= below:
        return NOT_REPRODUCED
    return INCONCLUSIVE


def _is_too_few(method, seeds) -> bool:
    """Whether seeds that are all alike are too few for the sign test."""
    return method == "same" and 0.5**seeds > intervals.LEVEL


def _explain(effects, method) -> str:
    seeds = len(effects)
    if seeds == 1:
        return "one seed gives no interval"
    if np.isnan(effects).any():
        return "a run diverged, or both overflowed, or one was finished at all probes"
    if method == "same":
        return f"the same in all of only {seeds} seeds"
    if method == "ranks" and 0.5**seeds > intervals.LEVEL:
        return f"an effect is infinite, and {seeds} seeds are too few for ranks"
    return "the interval reaches over the limit"
