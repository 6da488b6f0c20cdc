"""Counts the separators of every row in the bytes of a file, to find rows that end early."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.events.log.dialect import Dialect
from trainer.events.log.lines import open_plain

BYTES_AT_ONCE = 1 << 22
LINE_FEED, RETURN, QUOTE = b'\n\r"'


def may_end_early(path: Path, dialect: Dialect, columns: int) -> bool:
    """Whether a row that is not blank has fewer than so many columns."""
    counter = _Counter(ord(dialect.delimiter), dialect.quoted)
    with open_plain(path) as file:
        while data := file.read(BYTES_AT_ONCE):
            if counter.fewest(np.frombuffer(data, np.uint8)) < columns - 1:
                return True
    return counter.length > 0 and counter.separators < columns - 1


@dataclass
class _Counter:
    """Counts piece by piece.

    Attributes:
        separator: the byte that separates columns.
        quoted: whether separators and line feeds in quotes are text.
        inside: whether the bytes so far end in quotes.
        separators: those since the last row ended.
        length: bytes since then.
    """

    separator: int
    quoted: bool
    inside: bool = False
    separators: int = 0
    length: int = 0

    def fewest(self, data: NDArray[np.uint8]) -> float:
        """The fewest separators of a row that ends in this piece and is not blank."""
        signs = (data == self.separator) | (data == LINE_FEED)
        if self.quoted:
            signs |= data == QUOTE
        places = np.flatnonzero(signs)
        signs = data[places]
        inside = np.logical_xor.accumulate(signs == QUOTE) ^ self.inside
        outside = ~inside if self.quoted else np.ones(len(signs), np.bool_)
        separators = np.concatenate([[0], np.cumsum(outside & (signs == self.separator))])
        ends = np.flatnonzero(outside & (signs == LINE_FEED))
        counts = np.diff(separators[ends], prepend=0)
        lengths = np.diff(places[ends], prepend=-1)
        if len(ends):
            counts[0] += self.separators
            lengths[0] += self.length
            self.separators = int(separators[-1] - separators[ends[-1]])
            self.length = int(len(data) - 1 - places[ends[-1]])
        else:
            self.separators += int(separators[-1])
            self.length += len(data)
        self.inside = bool(inside[-1]) if len(inside) else self.inside
        blank = (lengths == 1) | ((lengths == 2) & (data[places[ends] - 1] == RETURN))
        return float(counts[~blank].min(initial=np.iinfo(np.int64).max))
