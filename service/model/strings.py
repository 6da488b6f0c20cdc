"""Columns of values as mapped buffers, so that a million of them are no million Python objects."""

import json
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from service.model.errors import InputError, short
from service.model.ragged import offsets_of

ROWS_AT_ONCE = 8192
CONTINUES = 0b1000_0000, 0b1100_0000  # a byte of UTF-8 within a character, and the bits that say so
T_co = TypeVar("T_co", covariant=True)


class Column(Sequence[T_co]):
    """A sequence that makes a value when it is asked for it."""

    @overload
    def __getitem__(self, row: int) -> T_co: ...

    @overload
    def __getitem__(self, row: slice) -> list[T_co]: ...

    def __getitem__(self, row: int | slice) -> T_co | list[T_co]:
        """The value of a row, or a list of those of several rows."""
        if isinstance(row, int) and row >= 0:
            return self._value(row)
        rows = range(len(self))[row]
        return self._value(rows) if isinstance(rows, int) else [self._value(one) for one in rows]

    @abstractmethod
    def _value(self, row: int) -> T_co:
        """The value of a row that is not negative; raises IndexError beyond the last."""


@dataclass(frozen=True, eq=False)
class Strings(Column[str]):
    """Texts in one buffer.

    Attributes:
        text: uint8 [bytes of all texts], UTF-8, text after text.
        offsets: int64 [texts + 1]; text t is `text[offsets[t]:offsets[t + 1]]`.
    """

    text: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[str], what: str) -> "Strings":
        """Encodes texts.

        Args:
            texts: any text, the empty one too.
            what: what they are, for the error.

        Raises:
            InputError: naming a text that UTF-8 cannot hold.
        """
        encoded = [_encode(text, what) for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets_of(lengths))

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.offsets) - 1

    def encoded(self, row: int) -> memoryview:
        """The bytes of the text of a row."""
        return self._bytes[self._borders[row] : self._borders[row + 1]]

    def part(self, first: int, last: int) -> "Strings":
        """The texts of the rows from `first` to before `last`, in the same buffer."""
        return Strings(self.text, self.offsets[first : last + 1])

    def is_utf8(self) -> bool:
        """Whether every text can be decoded; looks at a block at a time and keeps none."""
        return all(
            self.part(first, min(first + ROWS_AT_ONCE, len(self)))._block_is_utf8()
            for first in range(0, len(self), ROWS_AT_ONCE)
        )

    def _block_is_utf8(self) -> bool:
        offsets = np.asarray(self.offsets)
        starts = offsets[:-1][np.diff(offsets) > 0]
        pattern, mask = CONTINUES
        if np.any(self.text[starts] & mask == pattern):
            return False
        try:
            str(self._bytes[int(offsets[0]) : int(offsets[-1])], "utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def _value(self, row: int) -> str:
        return str(self.encoded(row), "utf-8")

    # A memoryview is several times as fast as an array where single values are read.

    @cached_property
    def _bytes(self) -> memoryview:
        return self.text.data

    @cached_property
    def _borders(self) -> memoryview:
        return self.offsets.data


@dataclass(frozen=True, eq=False)
class OptionalStrings(Column[str | None]):
    """Texts, some of which are missing.

    Attributes:
        strings: the texts, empty where they are missing.
        missing: bool [texts].
    """

    strings: Strings
    missing: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str | None], what: str) -> "OptionalStrings":
        """Encodes texts; see `Strings.of`."""
        if isinstance(texts, cls):
            return texts
        missing = np.fromiter((text is None for text in texts), np.bool_, len(texts))
        return cls(Strings.of((text or "" for text in texts), what), missing)

    def __len__(self) -> int:
        """The number of texts, with those that are missing."""
        return len(self.strings)

    def _value(self, row: int) -> str | None:
        return None if self._missing[row] else self.strings[row]

    @cached_property
    def _missing(self) -> memoryview:
        return self.missing.data


@dataclass(frozen=True, eq=False)
class JsonValues(Column[object]):
    """Values of any kind that JSON has, and numbers that are none or infinite.

    Attributes:
        texts: the JSON text of each value.
    """

    texts: Strings

    def __len__(self) -> int:
        """The number of values."""
        return len(self.texts)

    def _value(self, row: int) -> object:
        return json.loads(self.texts[row])


def json_texts(values: Iterable[Any]) -> Iterable[str]:
    """The text of each value, as `JsonValues` reads it."""
    return (json.dumps(value, ensure_ascii=False) for value in values)


def _encode(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{what} {short(text)!r} holds half a character (a lone surrogate), which UTF-8 cannot "
            "hold: correct it where the data comes from"
        ) from None
