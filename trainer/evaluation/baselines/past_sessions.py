"""The past sessions that are most like a prefix."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.model import ragged
from trainer.corpus import Sessions
from trainer.evaluation.baselines.sparse import best_products
from trainer.evaluation.ranking import NOTHING

TIE_BREAK = 1e-9  # of a similarity: less than float32 resolves, so that it changes no score


class PastSessions:
    """Sessions to find the neighbors of a prefix in.

    Neighbors are chosen among the most recent sessions that share any item with the prefix.

    Args:
        contents: float32 [sessions, items], above 0 where a session has an item, oldest first. The
            similarity of a session is its product with the weights of the items of the prefix.
        neighbors: how many sessions are found.
        sample: how many of the most recent sessions are compared.
    """

    def __init__(self, contents: sparse.csr_array, neighbors: int, sample: int) -> None:
        self.neighbors = neighbors
        self.sample = sample
        # Per item only its newest `sample` sessions: an older one cannot be among the newest
        # `sample` that share any item with a prefix.
        self.newest = _newest(contents.T.tocsr(), sample)

    def nearest(self, queries: sparse.csr_array) -> sparse.csr_array:
        """The similarity of the nearest sessions; of equally similar ones the newer is nearer.

        Args:
            queries: float32 [cases, items], the weight of each item of a prefix.

        Returns:
            float32 [cases, sessions], at most `neighbors` in a row.
        """
        best = best_products(queries, self.newest, self.neighbors, self._most_recent)
        present = best.items != NOTHING
        return sparse.csr_array(
            (best.scores[present], best.items[present], ragged.offsets_of(present.sum(axis=1))),
            shape=(queries.shape[0], self.newest.shape[1]),
        )

    def _most_recent(self, similar: sparse.csr_array) -> sparse.csr_array:
        similar = _newest(similar, self.sample)
        recency = 1 + TIE_BREAK * similar.indices / similar.shape[1]
        similarity = similar.data * recency
        return sparse.csr_array((similarity, similar.indices, similar.indptr), shape=similar.shape)


def last_occurrences(sessions: Sessions, items: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each item occurs last in each session.

    Returns:
        Keys, session * items + item, in ascending order, and the event of each: int64 [distinct].
    """
    keys = sessions.owners() * items + sessions.items
    distinct, steps_from_end = np.unique(keys[::-1], return_index=True)
    return distinct, len(keys) - 1 - steps_from_end


def latest_only(
    weights: NDArray[np.float32], prefixes: Sessions, items: int
) -> NDArray[np.float32]:
    """The weights of events, 0 but for the last occurrence of each item in its prefix."""
    kept = np.zeros_like(weights)
    _, events = last_occurrences(prefixes, items)
    kept[events] = weights[events]
    return kept


def _newest(matrix: sparse.csr_array, sample: int) -> sparse.csr_array:
    """The last `sample` entries of each row."""
    matrix.sort_indices()
    kept = ragged.steps_back(matrix.indptr) < sample
    offsets = ragged.offsets_of(np.minimum(np.diff(matrix.indptr), sample))
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], offsets), shape=matrix.shape)
