"""What came right after short sequences of items, where they were seen often enough."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# How a session ends: with an item; with two; with one, any other, and one.
LAST, LAST_TWO, LAST_AND_THIRD = ENDINGS = range(3)

Shares = tuple[NDArray[np.int32], NDArray[np.float32]]


class Sequences(NamedTuple):
    """What came right after sequences, as rows of a sorted table.

    Attributes:
        keys: int64 [sequences], ascending; see `key`.
        offsets: int64 [sequences + 1]; the row of sequence s is `[offsets[s]:offsets[s + 1]]`.
        items: int32, what came right after, largest share first.
        shares: float32, how often, divided by one more than the occurrences of the sequence.
    """

    keys: NDArray[np.int64]
    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    shares: NDArray[np.float32]

    def after(self, key: int) -> Shares:
        """What came after a sequence, and its shares; empty if it was not seen often enough."""
        place = int(self.keys.searchsorted(key))
        if place == len(self.keys) or self.keys[place] != key:
            return _NO_ITEMS, _NO_SHARES
        row = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        return self.items[row], self.shares[row]


def key(ending: int, before: int, last: int, items: int) -> int:
    """The number of a sequence.

    Args:
        ending: one of ENDINGS.
        before: its first item; 0 for LAST.
        last: its last item.
        items: how many items there are.
    """
    return (ending * items + before) * items + last


def keys_end(items: int) -> int:
    """One more than the largest key there can be of so many items."""
    return key(ENDINGS[-1] + 1, 0, 0, items)


_NO_ITEMS, _NO_SHARES = np.empty(0, np.int32), np.empty(0, np.float32)
NO_SEQUENCES = Sequences(np.empty(0, np.int64), np.zeros(1, np.int64), _NO_ITEMS, _NO_SHARES)
