"""Scores similar items: the cosine, less a discount for answers that were rarely seen.

The vector of an item that was seen once or twice points wherever its few contexts did, so that the
nearest items of a frequent one by cosine alone are mostly rare items. An answer b to a query q has

    score(q, b) = cosine(q, b) - reliability(q) * (1 - reliability(b))

An item that was seen n times has the reliability n / (n + s), the shrinkage of Bell & Koren (2007),
with an s of its own for answers and for queries; a query of several items has their weighted mean.
A frequent item's neighbors must be proven, a rare item's need not be: it has no others.

The score is an inner product with one column more than the vectors have, so an index finds the best
answers exactly: [unit(q), -reliability(q)] . [unit(b), 1 - reliability(b)].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

CANCELLED = 1e-6  # of the weights


class SimilarSettings(BaseModel):
    """How similar items are ranked by default; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: float = Field(
        1.0, ge=0, le=1, description="share of its weight an item of a taste keeps per step back"
    )
    answer_shrinkage: float = Field(
        0.0, ge=0, description="occurrences that make an answer half reliable; 0: no discount"
    )
    query_shrinkage: float = Field(
        0.0, ge=0, description="occurrences that make an item of the query half reliable"
    )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows scaled to length 1, in a new array; a zero row stays zero."""
    norms = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    units: NDArray[np.float32] = np.divide(
        vectors, norms, out=np.zeros_like(vectors), where=norms > 0
    )
    return units


def reliability(counts: NDArray[np.int64], shrinkage: float) -> NDArray[np.float32]:
    """How far items can be relied on: count / (count + shrinkage), float32 [items] in (0, 1]."""
    reliabilities: NDArray[np.float32] = (counts / (counts + shrinkage)).astype(np.float32)
    return reliabilities


def answer_rows(
    vectors: NDArray[np.float32], counts: NDArray[np.int64], settings: SimilarSettings
) -> NDArray[np.float32]:
    """What the index holds of items: float32 [items, vector_size + 1].

    Args:
        vectors: float32 [items, vector_size], input vectors.
        counts: int64 [items], occurrences in training.
        settings: how answers are discounted.
    """
    return np.column_stack([unit(vectors), 1 - reliability(counts, settings.answer_shrinkage)])


def query_rows(
    units: NDArray[np.float32],
    counts: NDArray[np.int64],
    weights: NDArray[np.float32],
    starts: NDArray[np.int64],
    settings: SimilarSettings,
) -> NDArray[np.float32]:
    """What the index is searched for: float32 [queries, vector_size + 1].

    Args:
        units: float32 [items of all queries, vector_size], unit vectors, query after query.
        counts: int64 [items of all queries], occurrences in training.
        weights: float32 [items of all queries], below 0 for an item to move away from.
        starts: int64 [queries], where each query begins; it ends where the next one does.
        settings: how answers are discounted.
    """
    directions = unit(sums_of(units, weights, starts))
    sizes: NDArray[Any] = np.abs(weights)
    reliable = reliability(counts, settings.query_shrinkage) * sizes
    rows = np.empty((len(starts), units.shape[1] + 1), np.float32)
    rows[:, :-1] = directions
    total = np.maximum(np.add.reduceat(sizes, starts), np.finfo(np.float32).tiny)
    rows[:, -1] = -np.add.reduceat(reliable, starts) / total
    return rows


def sums_of(
    units: NDArray[np.float32], weights: NDArray[np.float32], starts: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The weighted sum of each query's units, float32 [queries, vector_size]; see `query_rows`.

    Zero where likes and dislikes cancel out, up to rounding: what is left points nowhere.
    """
    sums: NDArray[np.float32] = np.add.reduceat(units * weights[:, None], starts, axis=0)
    if weights.min(initial=0) < 0:
        sizes = np.add.reduceat(np.abs(weights), starts)
        sums[np.linalg.norm(sums, axis=1) <= CANCELLED * sizes] = 0
    return sums
