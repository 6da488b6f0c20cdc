"""Rankers by popularity, and by a matrix of item pairs."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.model.queries import decayed
from trainer.evaluation.baselines.sparse import best_products, query_matrix
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases


class Popularity:
    """Recommends the most frequent items in every case.

    Args:
        counts: int64 [items], occurrences in training.
    """

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self.counts = counts
        self.order = np.argsort(-counts, kind="stable").astype(np.int32)

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The same list for every case; the scores are counts."""
        items = np.full(k, NOTHING, np.int32)
        scores = np.full(k, -np.inf, np.float32)
        best = self.order[:k]
        items[: len(best)], scores[: len(best)] = best, self.counts[best]
        return Ranked(np.tile(items, (len(cases), 1)), np.tile(scores, (len(cases), 1)))


class ItemItem:
    """Scores by a matrix M of item pairs: the weighted sum of the rows of a prefix's items.

    Args:
        matrix: float32 [items, items]; row i scores every item after item i. Only items with a
            positive sum are recommended.
        decay: the share of its weight an item keeps per step back; 0 uses the last item only.
    """

    def __init__(self, matrix: sparse.csr_array, decay: float) -> None:
        self.matrix = matrix
        self.decay = decay

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the largest sums."""
        prefixes = cases.prefixes()
        weights = decayed(prefixes.offsets, self.decay)
        queries = query_matrix(prefixes, weights, self.matrix.shape[0])
        return best_products(queries, self.matrix, k)
