"""The rule by which a candidate is judged not to be worse than the current version."""

from statistics import NormalDist

from trainer.evaluation.bootstrap import Estimate

# A candidate just as good as the current version is to be refused less than once in a thousand
# nights; where there are too few cases for that, the rule does not decide.
POWER = 0.999


def is_not_inferior(difference: Estimate, margin: float, confidence: float) -> bool | None:
    """Whether a difference is surely above the margin (one-sided non-inferiority).

    Let the estimate of a difference of zero scatter with deviation s, and z be the quantile of the
    confidence. A candidate passes if its estimate exceeds z s - margin, so one that is just as good
    passes with probability `POWER` if s is at most margin / (z + quantile of the power).

    Args:
        difference: candidate minus current version; its ends are one-sided bounds of the
            confidence.
        margin: how much worse a candidate may be.
        confidence: of the bounds.

    Returns:
        None if there are too few cases to tell: the difference may well be above the margin, but
        so few cases would refuse an equal candidate too often. Also without a margin: where the
        current version finds nothing, a share of that is nothing.
    """
    if margin <= 0:
        return None
    if difference.low > -margin:
        return True
    surely_worse = (
        difference.value + _quantile(POWER) * _deviation(difference, confidence) < -margin
    )
    decisive = smallest_margin(difference, confidence) <= margin
    return False if surely_worse or decisive else None


def smallest_margin(difference: Estimate, confidence: float) -> float:
    """The smallest margin that so many cases can tell: an equal candidate passes by `POWER`."""
    return _deviation(difference, confidence) * (_quantile(confidence) + _quantile(POWER))


def _deviation(difference: Estimate, confidence: float) -> float:
    return (difference.high - difference.low) / (2 * _quantile(confidence))


def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
