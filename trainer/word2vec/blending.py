"""Blends new vectors with those of an earlier model in the same space.

What chance does to a vector differs from night to night and averages out; what the log says stays.
Blending every night with the night before is an exponential average over nights, in which nothing
but the newest training is ever trained on: an item that changes is followed at the rate of the
share.
"""

import numpy as np
from numpy.typing import NDArray

from trainer.corpus import Vocabulary
from trainer.word2vec.alignment import EarlierModel


class Shares:
    """The share that an earlier model has in each shared item.

    It is smaller for an item that has been seen more often since: what was learned from two events
    says little beside what was learned from twenty.

    Args:
        vocabulary: the items of the new model.
        earlier: the earlier model; its share is that in an item seen as often then as now.
    """

    def __init__(self, vocabulary: Vocabulary, earlier: EarlierModel) -> None:
        rows = vocabulary.rows(earlier.item_ids)
        self._old = np.flatnonzero(rows >= 0)
        self._new = rows[self._old]
        known = np.minimum(1, earlier.counts[self._old] / vocabulary.counts[self._new])
        self._shares = (earlier.share * known).astype(np.float32)[:, None]

    def blend(self, vectors: NDArray[np.float32], earlier: NDArray[np.float32]) -> None:
        """Blends rows in place.

        Args:
            vectors: float32 [items, vector_size], changed in place.
            earlier: float32 [items of the earlier model, vector_size].
        """
        mixed = vectors[self._new]
        mixed += self._shares * (earlier[self._old] - mixed)
        vectors[self._new] = mixed
