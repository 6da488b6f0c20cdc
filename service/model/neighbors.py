"""The nearest items of every item, found when the model was made."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING = -1


class NeighborLists(NamedTuple):
    """The most similar other items of each item, as a search ranks them.

    Attributes:
        items: int32 [items, n], best first; NOTHING after the end of a shorter list.
        scores: float32 [items, n], 0 after the end of a shorter list.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]

    @classmethod
    def none(cls, items: int) -> "NeighborLists":
        """Lists of nothing."""
        return cls(np.empty((items, 0), np.int32), np.empty((items, 0), np.float32))

    def best(self, item: int, k: int) -> tuple[list[int], list[float]] | None:
        """The k best others of an item and their scores, or None if the list is too short."""
        catalogue, n = self.items.shape
        wanted = min(k, catalogue - 1)
        if wanted > n:
            return None
        items: list[int] = self.items[item, :wanted].tolist()
        if NOTHING in items:
            return None
        return items, self.scores[item, :wanted].tolist()
