"""Summarises repeated measurements."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float] | NDArray[np.float64]


def spread(values: Values, digits: int) -> str:
    """The mean, and the least and greatest if there are several values."""
    return _format(float(np.mean(values)), values, digits)


def median_spread(values: Values, digits: int = 2) -> str:
    """The median, and the least and greatest if there are several values."""
    return _format(float(np.median(values)), values, digits)


def summary(values: Values) -> dict[str, float]:
    """Least, median and greatest, by name."""
    return {
        "min": float(np.min(values)),
        "median": float(np.median(values)),
        "max": float(np.max(values)),
    }


def not_below(ours: Values, theirs: Values) -> bool:
    """Whether our mean is at most the larger of the two ranges below theirs."""
    shortfall = np.mean(theirs) - np.mean(ours)
    return bool(shortfall <= max(np.ptp(ours), np.ptp(theirs)))


def difference(ours: Values, theirs: Values) -> tuple[float, float]:
    """Our mean minus theirs, and its standard error; both need several values."""
    errors = [np.var(values, ddof=1) / len(values) for values in (ours, theirs)]
    return float(np.mean(ours) - np.mean(theirs)), float(np.sqrt(sum(errors)))


def _format(middle: float, values: Values, digits: int) -> str:
    text = f"{middle:.{digits}f}"
    if len(values) == 1:
        return text
    return f"{text} ({np.min(values):.{digits}f}-{np.max(values):.{digits}f})"
