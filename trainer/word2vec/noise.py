"""The distribution negatives are drawn from."""

import numpy as np
from numpy.typing import NDArray

from trainer.word2vec.kernels import alias_table


def noise_probabilities(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """count^ns_exponent, normalised (Mikolov et al., arXiv 1310.4546, with .75).

    Args:
        counts: int64 [items], positive.
        ns_exponent: any real number; a negative one prefers rare items (Caselles-Dupré et al.,
            arXiv 1804.04212, for recommendations).

    Returns:
        float64 [items], summing to one.
    """
    logarithms = ns_exponent * np.log(counts)
    weights = np.exp(logarithms - logarithms.max())
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def noise_table(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.uint32]:
    """The alias table of the noise: uint32 [items, 2], as `kernels.alias_table` describes it."""
    table: NDArray[np.uint32] = alias_table(noise_probabilities(counts, ns_exponent))
    return table
