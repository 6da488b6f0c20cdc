"""The noise: the distribution that negative samples are drawn from."""

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit


def noise_probabilities(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """The noise count^ns_exponent, normalised (Mikolov et al., arXiv 1310.4546, with 0.75).

    Args:
        counts: int64 [items], positive.
        ns_exponent: any real number; a negative one prefers rare items (Caselles-Dupré et al.,
            arXiv 1804.04212, for recommendations).

    Returns:
        float64 [items], summing to one.
    """
    probabilities: NDArray[np.float64] = np.exp(log_noise(counts, ns_exponent))
    return probabilities


def log_noise(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """The logarithms of `noise_probabilities`, finite even where a probability underflows."""
    logarithms = ns_exponent * np.log(counts)
    logarithms -= logarithms.max()
    normalised: NDArray[np.float64] = logarithms - np.log(np.exp(logarithms).sum())
    return normalised


def noise_table(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.uint32]:
    """Builds the alias table of the noise: uint32 [items, 2], as `alias_table` describes it."""
    table: NDArray[np.uint32] = alias_table(noise_probabilities(counts, ns_exponent))
    return table


@fast_jit
def alias_table(weights: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Builds a table that draws item i with probability weights[i] / sum(weights) in O(1).

    Walker's alias method, built as by Vose (IEEE Trans. Softw. Eng. 17(9), 1991).

    Args:
        weights: float64 [items], positive.

    Returns:
        uint32 [items, 2]: draw an item uniformly; keep it when 32 random bits are below the first
        column, else take the second.
    """
    n = weights.size
    height = weights * (n / weights.sum())
    table = np.empty((n, 2), np.uint32)
    low = np.empty(n, np.int64)
    high = np.empty(n, np.int64)
    n_low = 0
    n_high = 0
    for item in range(n):
        if height[item] < 1.0:
            low[n_low] = item
            n_low += 1
        else:
            high[n_high] = item
            n_high += 1
    while n_low and n_high:
        n_low -= 1
        short = low[n_low]
        tall = high[n_high - 1]
        table[short, 0] = np.uint32(min(height[short] * 2.0**32, 2.0**32 - 1.0))
        table[short, 1] = tall
        height[tall] -= 1.0 - height[short]
        if height[tall] < 1.0:
            n_high -= 1
            low[n_low] = tall
            n_low += 1
    for i in range(n_low):
        table[low[i], 0] = np.uint32(2**32 - 1)
        table[low[i], 1] = low[i]
    for i in range(n_high):
        table[high[i], 0] = np.uint32(2**32 - 1)
        table[high[i], 1] = high[i]
    return table
