"""The ids of a catalogue, and the way from an id back to its row."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from service.model.strings import Column, Strings

MOST_CHECKED = 1000


def hash_of(encoded: bytes | memoryview) -> int:
    """A hash of 64 bits that is the same in every process, and for which nobody finds collisions.

    The first eight bytes of BLAKE2b, little-endian.
    """
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False)
class ItemIds(Column[str]):
    """Ids in row order, found again by their hashes.

    Attributes:
        strings: the ids.
        hashes: uint64 [ids], the hash of every id, in ascending order.
        rows: int32 [ids], the row of each of these hashes.
    """

    strings: Strings
    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, item_ids: Sequence[str]) -> "ItemIds":
        """Encodes ids, unless they are encoded already.

        Raises:
            InputError: naming an id that UTF-8 cannot hold.
        """
        if isinstance(item_ids, cls):
            return item_ids
        strings = Strings.of(item_ids, "the item id")
        encoded = (strings.encoded(row) for row in range(len(strings)))
        hashes = np.fromiter(map(hash_of, encoded), np.uint64, len(strings))
        order = np.argsort(hashes, kind="stable")
        return cls(strings, hashes[order], order.astype(np.int32))

    def __len__(self) -> int:
        """The number of ids."""
        return len(self.strings)

    def row(self, item_id: str) -> int | None:
        """The row of an id, None if it is not among them."""
        encoded = item_id.encode("utf-8", "surrogatepass")
        wanted = hash_of(encoded)
        hashes = self._hashes
        place = bisect_left(hashes, wanted)
        while place < len(hashes) and hashes[place] == wanted:
            row: int = self._rows[place]
            if self.strings.encoded(row) == encoded:
                return row
            place += 1
        return None

    def has_duplicates(self) -> bool:
        """Whether an id stands in two rows: only ids of equal hashes are compared."""
        hashes = np.asarray(self.hashes)
        earlier = np.flatnonzero(hashes[1:] == hashes[:-1])
        places = np.union1d(earlier, earlier + 1)
        rows = self.rows[places].tolist()
        return len({bytes(self.strings.encoded(row)) for row in rows}) < len(rows)

    def is_sorted(self) -> bool:
        """Whether the hashes ascend."""
        return bool(np.all(self.hashes[1:] >= self.hashes[:-1]))

    def names_every_row(self) -> bool:
        """Whether each row has a hash."""
        rows = np.asarray(self.rows)
        if rows.min() < 0 or rows.max() >= len(rows):
            return False
        named = np.zeros(len(rows), np.bool_)
        named[rows] = True
        return bool(named.all())

    def hashes_fit(self) -> bool:
        """Whether hashes are those of the ids, in up to `MOST_CHECKED` places."""
        places = np.linspace(0, len(self) - 1, min(len(self), MOST_CHECKED)).astype(int)
        return all(
            hash_of(self.strings.encoded(self._rows[place])) == self._hashes[place]
            for place in places.tolist()
        )

    def _value(self, row: int) -> str:
        return self.strings[row]

    @cached_property
    def _hashes(self) -> memoryview:
        return self.hashes.data

    @cached_property
    def _rows(self) -> memoryview:
        return self.rows.data
