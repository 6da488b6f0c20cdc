"""Whether what is said to happen with some probability happens as often."""

import numpy as np
from numpy.typing import NDArray

BINS = 15


def bins(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each case, from 0, the least probable: int64 [cases]; all bins are alike large."""
    n = len(probabilities)
    places = np.empty(n, np.int64)
    places[np.argsort(probabilities, kind="stable")] = np.arange(n)
    return places * min(BINS, n) // max(n, 1)


def calibration_error(probabilities: NDArray[np.float32], is_right: NDArray[np.bool_]) -> float:
    """The expected calibration error, over bins of equally many cases.

    The mean over all cases of |share that came next - mean probability| of their bin; Naeini et
    al., "Obtaining well calibrated probabilities using Bayesian binning" (2015).
    """
    off = is_right.astype(np.float64) - probabilities
    sums = np.bincount(bins(probabilities), off)
    return float(np.abs(sums).sum() / max(len(off), 1))
