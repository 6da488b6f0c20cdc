"""Diversity: the best items that are not all alike, by maximal marginal relevance.

Carbonell & Goldstein (1998): each next item is the one with the highest

    (1 - diversity) * score - diversity * largest cosine with those already chosen
"""

import numpy as np
from numpy.typing import NDArray


def diversified(
    units: NDArray[np.float32], scores: NDArray[np.float32], diversity: float, k: int
) -> NDArray[np.int64]:
    """Which k candidates to answer with, in this order; the best one is always the first.

    Args:
        units: float32 [candidates, vector_size], unit vectors, best candidate first.
        scores: float32 [candidates], descending.
        diversity: from 0, which keeps the order, to 1, which asks for the score no more.
        k: how many at most.

    Returns:
        int64 [min(k, candidates)], places in the list of candidates. Of equals, the better one.
    """
    chosen = np.zeros(min(k, len(scores)), np.int64)
    worth = np.float32(1 - diversity) * scores
    closest = np.full(len(scores), -np.inf, np.float32)  # to any of those chosen
    for n in range(1, len(chosen)):
        last = chosen[n - 1]
        worth[last] = -np.inf
        np.maximum(closest, np.einsum("id,d->i", units, units[last]), out=closest)
        chosen[n] = np.argmax(worth - np.float32(diversity) * closest)
    return chosen
