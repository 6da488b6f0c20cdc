"""V-SKNN: recommends what followed in the most similar sessions."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.model import ragged
from trainer.corpus import Sessions
from trainer.evaluation.baselines.counting import session_matrix
from trainer.evaluation.baselines.sparse import best_products, query_matrix
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases

TIE_BREAK = 1e-9  # below the resolution of a float32 near 1, so that it changes no score


class SessionKnn:
    """Vector-multiplication session-based nearest neighbors.

    Ludewig & Jannach, arXiv 1803.09587, §3.2. In a prefix of n items, the item s steps back weighs
    ((n - s) / n) ** power; of a repeated item only the latest occurrence counts. The similarity of
    a past session is the sum of the weights of the items it shares with the prefix. An item's score
    is the summed similarity of the neighbors that contain it. Neighbors are chosen among the most
    recent sessions that share any item with the prefix.

    Args:
        sessions: the training sessions, oldest first.
        items: the size of the catalogue.
        neighbors: how many sessions vote.
        sample: how many of the most recent sessions are compared.
        power: 1 for weights that fall linearly, 2 for weights that fall quadratically.
        idf: whether an item's votes are multiplied by log(sessions / sessions that contain it).
    """

    def __init__(
        self,
        sessions: Sessions,
        items: int,
        neighbors: int = 100,
        sample: int = 500,
        power: float = 1.0,
        idf: bool = False,
    ) -> None:
        self.votes = session_matrix(sessions, items)
        self.neighbors = neighbors
        self.sample = sample
        self.power = power
        # Per item only its newest `sample` sessions: an older one cannot be among the newest
        # `sample` that share any item with a prefix.
        self.newest = _newest(self.votes.T.tocsr(), sample)
        if idf:
            frequency = np.maximum(self.votes.sum(axis=0), 1)
            self.votes = (self.votes * np.log(len(sessions) / frequency)[None, :]).tocsr()

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the most votes."""
        queries = self._queries(cases.prefixes())
        neighbors = best_products(queries, self.newest, self.neighbors, self._most_recent)
        present = neighbors.items != NOTHING
        offsets = ragged.offsets_of(present.sum(axis=1))
        similarity = sparse.csr_array(
            (neighbors.scores[present], neighbors.items[present], offsets),
            shape=(len(cases), self.votes.shape[0]),
        )
        return best_products(similarity, self.votes, k)

    def _queries(self, prefixes: Sessions) -> sparse.csr_array:
        """float32 [cases, items]: each item's weight at its latest occurrence."""
        lengths = np.repeat(prefixes.lengths(), prefixes.lengths())
        weights = ((lengths - ragged.steps_back(prefixes.offsets)) / lengths) ** self.power
        weights[_repeated_later(prefixes, self.newest.shape[0])] = 0
        return query_matrix(prefixes, weights.astype(np.float32), self.newest.shape[0])

    def _most_recent(self, similar: sparse.csr_array) -> sparse.csr_array:
        """The newest `sample` sessions of each row; of equally similar ones the newer wins."""
        similar = _newest(similar, self.sample)
        recency = TIE_BREAK * similar.indices / similar.shape[1]
        similarity = similar.data.astype(np.float64) + recency
        return sparse.csr_array((similarity, similar.indices, similar.indptr), shape=similar.shape)


def _newest(matrix: sparse.csr_array, sample: int) -> sparse.csr_array:
    """The last `sample` entries of each row."""
    matrix.sort_indices()
    kept = ragged.steps_back(matrix.indptr) < sample
    offsets = ragged.offsets_of(np.minimum(np.diff(matrix.indptr), sample))
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], offsets), shape=matrix.shape)


def _repeated_later(prefixes: Sessions, items: int) -> NDArray[np.bool_]:
    """Per item of the prefixes: does it occur again later in its prefix?"""
    key = prefixes.owners() * items + prefixes.items
    _, latest = np.unique(key[::-1], return_index=True)
    repeated = np.ones(len(key), np.bool_)
    repeated[len(key) - 1 - latest] = False
    return repeated
