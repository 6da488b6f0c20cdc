"""Metrics of ranked lists: accuracy (HR, NDCG, MRR), coverage, personalisation and popularity.

Ranks are int64 [cases], from 0, MISSED where the answer was not found. Every case has exactly one
answer. Lists are int32 [cases, k], -1 where there is no item.
"""

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.ranking import NOTHING


def hit(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Per case: is the answer among the first k? Its mean is HR@k.

    HR@k = |{cases: rank < k}| / |cases|. With one answer per case, this is also recall@k.
    """
    return (ranks < k).astype(np.float64)


def ndcg(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Per case: 1 / log2(rank + 2) where rank < k, else 0. Its mean is NDCG@k.

    Järvelin & Kekäläinen 2002. With one answer, the ideal list has gain 1 at rank 0, so the
    normalization divides by 1.
    """
    return np.where(ranks < k, 1 / np.log2(np.minimum(ranks, k) + 2.0), 0.0)


def reciprocal_rank(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Per case: 1 / (rank + 1) where rank < k, else 0. Its mean is MRR@k."""
    return np.where(ranks < k, 1 / (np.minimum(ranks, k) + 1.0), 0.0)


def item_frequency(lists: NDArray[np.int32], items: int) -> NDArray[np.int64]:
    """How many lists contain each item: int64 [items]. No list contains an item twice."""
    return np.bincount(lists[lists != NOTHING], minlength=items)


def coverage(frequency: NDArray[np.int64]) -> float:
    """The share of the catalogue that is recommended to anyone: |{i: f_i > 0}| / |items|."""
    return float(np.count_nonzero(frequency) / len(frequency))


def personalisation(frequency: NDArray[np.int64], lists: int, k: int) -> float | None:
    """How much two lists differ: 1 - the mean of |L_u ∩ L_v| / k over all pairs u ≠ v.

    An item in f lists is shared by f (f - 1) ordered pairs, so no pair has to be visited:

        1 - Σ_i f_i (f_i - 1) / (n (n - 1) k)

    0 means the same list for everyone, 1 that no item is in two lists. A list shorter than k shares
    less. None with fewer than two lists.
    """
    if lists < 2:
        return None
    times = frequency.astype(np.float64)
    return float(1 - (times * (times - 1)).sum() / (float(lists) * (lists - 1) * k))


def mean_popularity(frequency: NDArray[np.int64], counts: NDArray[np.int64]) -> float | None:
    """The share of training events that a recommended item has, on average.

    Σ_i f_i · count_i / Σ_j count_j / Σ_i f_i; None where nothing is recommended.

    Args:
        frequency: int64 [items], how many lists contain each item.
        counts: int64 [items], occurrences in training.
    """
    recommended = float(frequency.sum())
    if recommended == 0:
        return None
    return float(frequency @ counts.astype(np.float64) / counts.sum() / recommended)


def unanswered(lists: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Per case: is its list empty? Its mean is the share of cases without an answer."""
    empty: NDArray[np.bool_] = (lists == NOTHING).all(axis=1)
    return empty


def popularity_deciles(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tenth of the catalogue each item is in: int64 [items], 0 the most frequent items."""
    place = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    return place * 10 // len(counts)
