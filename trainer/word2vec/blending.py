"""Blends new vectors with those of an earlier model in the same space.

What chance does to a vector differs from night to night and averages out; what the log says stays.
Blending every night with the night before is an exponential average over nights, in which nothing
but the newest training is ever trained on. An item that shifts is followed at the rate of the
share, one that has become another item at once.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from service.model.similarity import unit
from trainer.corpus import Vocabulary
from trainer.word2vec.alignment import LEAST_COUNT, EarlierModel

# Of an item seen often enough; by chance alone, none of 2,762 items of the sample has less than .5.
UNLIKE = 0.4
ROWS_AT_ONCE = 20_000


class Shares:
    """The share that an earlier model has in each shared item.

    It is smaller for an item that has been seen more often since: what was learned from two events
    says little beside what was learned from twenty. It is 0 for an item that has been seen often
    enough and has changed by more than chance does.

    Args:
        turned: float32 [items, vector_size], new input vectors, turned onto those of the earlier
            model.
        vocabulary: their items.
        earlier: the earlier model; its share is that in an item seen as often then as now.

    Attributes:
        changed: how many items have changed by more than chance does.
    """

    def __init__(
        self, turned: NDArray[np.float32], vocabulary: Vocabulary, earlier: EarlierModel
    ) -> None:
        rows = vocabulary.rows(earlier.item_ids)
        self._old = np.flatnonzero(rows >= 0)
        self._new = rows[self._old]
        before, now = earlier.counts[self._old], vocabulary.counts[self._new]
        shares = earlier.share * np.minimum(1, before / now)
        often = np.flatnonzero(np.minimum(before, now) >= LEAST_COUNT)
        cosines = np.zeros(len(often), np.float32)
        for block in _blocks(len(often)):
            new, old = self._new[often[block]], self._old[often[block]]
            cosines[block] = np.einsum("ij,ij->i", unit(turned[new]), unit(earlier.input[old]))
        changed = often[cosines < UNLIKE]
        shares[changed] = 0
        self.changed = len(changed)
        self._shares = shares.astype(np.float32)[:, None]

    def blend(self, vectors: NDArray[np.float32], earlier: NDArray[np.float32]) -> None:
        """Blends rows in place.

        Args:
            vectors: float32 [items, vector_size], changed in place.
            earlier: float32 [items of the earlier model, vector_size].
        """
        for block in _blocks(len(self._new)):
            new = self._new[block]
            mixed = vectors[new]
            mixed += self._shares[block] * (earlier[self._old[block]] - mixed)
            vectors[new] = mixed


def _blocks(rows: int) -> Iterator[slice]:
    """Slices of rows that take little memory."""
    for first in range(0, rows, ROWS_AT_ONCE):
        yield slice(first, first + ROWS_AT_ONCE)
