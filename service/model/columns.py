"""The metadata of a catalogue by columns, as filters read it.

A column holds numbers, lists of texts, or texts:

    number  every value is a number, true (1) or false (0)
    list    every value is a list
    text    any other column

What is no text, in a column of texts or in a list, stands as its JSON text. None and NaN are
missing; an empty list is not.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.model.column_types import MISSING, Column, Mask, Numbers, TextLists, Texts
from service.model.errors import InputError, short
from service.model.ragged import offsets_of
from service.model.strings import Strings

Kind = Literal["number", "text", "list"]
COUNT, TITLE = "count", "title"
LATEST_MASKS = 64


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a catalogue: those of its metadata, `count` and `title`.

    Metadata of the names `count` and `title` are hidden by these two.

    Attributes:
        kinds: the metadata columns, in the order of the arrays below.
        counts: int64 [items], the column `count`.
        numbers: float64 [columns of numbers, items]; NaN is missing.
        codes: int32 [1 + columns of texts, items], titles first: places in the vocabulary, or
            MISSING.
        list_codes: int32, places in the vocabulary for every text of the lists, list after list,
            column after column; a missing list is MISSING alone.
        list_offsets: int64 [columns of lists * items + 1], where each list begins, and where the
            last one ends.
        vocabulary: every text of any column once, in ascending order.
    """

    kinds: Mapping[str, Kind]
    counts: NDArray[np.int64]
    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    list_codes: NDArray[np.int32]
    list_offsets: NDArray[np.int64]
    vocabulary: Strings
    _masks: dict[Hashable, NDArray[np.uint8]] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @classmethod
    def of(
        cls,
        metadata: Mapping[str, Sequence[Any]],
        titles: Iterable[str | None],
        counts: NDArray[np.int64],
    ) -> "Columns":
        """Encodes the metadata and the titles of a catalogue, one value per item.

        Raises:
            InputError: naming a text that UTF-8 cannot hold.
        """
        kinds = {name: _kind(values) for name, values in metadata.items()}
        numbers, texts, lists = (
            [metadata[name] for name in kinds if kinds[name] == kind]
            for kind in ("number", "text", "list")
        )
        rows = [list(titles), *([_text(value) for value in column] for column in texts)]
        flat = [_texts(value) for column in lists for value in column]
        vocabulary = sorted({text for row in (*rows, *flat) for text in row if text is not None})
        places: dict[str | None, int] = {text: place for place, text in enumerate(vocabulary)}
        places[None] = MISSING
        return cls(
            kinds=kinds,
            counts=counts,
            numbers=np.array(
                [[_number(value) for value in column] for column in numbers], np.float64
            ).reshape(-1, len(counts)),
            codes=np.array([[places[text] for text in row] for row in rows], np.int32),
            list_codes=np.array([places[text] for texts in flat for text in texts], np.int32),
            list_offsets=offsets_of(np.fromiter(map(len, flat), np.int64, len(flat))),
            vocabulary=Strings.of(vocabulary, "the metadata"),
        )

    def __getitem__(self, name: str) -> Column:
        """The column of a name.

        Raises:
            InputError: there is none; names those that there are.
        """
        try:
            return self._columns[name]
        except KeyError:
            names = short(", ".join(self._columns))
            raise InputError(f"there is no column {short(name)!r}, but {names}") from None

    def remembered(self, key: Hashable, mask: Callable[[], Mask]) -> Mask:
        """The mask of a key, made if it is not among the latest, which are kept a bit an item."""
        with self._lock:
            bits = self._masks.pop(key, None)
            if bits is not None:
                self._masks[key] = bits
        if bits is not None:
            return np.unpackbits(bits, count=len(self.counts)).view(np.bool_)
        made = mask()
        with self._lock:
            self._masks[key] = np.packbits(made)
            if len(self._masks) > LATEST_MASKS:
                del self._masks[next(iter(self._masks))]
        return made

    @cached_property
    def _columns(self) -> dict[str, Column]:
        numbers, codes, lists = iter(self.numbers), iter(self.codes), self._list_offsets()
        columns: dict[str, Column] = {
            COUNT: Numbers(COUNT, self.counts),
            TITLE: Texts(TITLE, next(codes), self.vocabulary),
        }
        for name, kind in self.kinds.items():
            column: Column
            if kind == "number":
                column = Numbers(name, next(numbers))
            elif kind == "text":
                column = Texts(name, next(codes), self.vocabulary)
            else:
                offsets = next(lists)
                codes_of_lists = self.list_codes[offsets[0] : offsets[-1]]
                column = TextLists(name, codes_of_lists, self.vocabulary, offsets)
            columns.setdefault(name, column)
        return columns

    def _list_offsets(self) -> Iterator[NDArray[np.int64]]:
        """Where the lists of each column of lists begin and end."""
        items = len(self.counts)
        for first in range(0, len(self.list_offsets) - 1, items):
            yield self.list_offsets[first : first + items + 1]


def _kind(values: Sequence[Any]) -> Kind:
    present = [value for value in values if not _is_missing(value)]
    if present and all(isinstance(value, bool | int | float) for value in present):
        return "number"
    if present and all(isinstance(value, list | tuple) for value in present):
        return "list"
    return "text"


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: float | None) -> float:
    if value is None:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _text(value: object) -> str | None:
    return None if _is_missing(value) else _json(value)


def _texts(value: Iterable[object]) -> list[str | None]:
    """The texts of a list, or None alone if it is missing."""
    return [None] if _is_missing(value) else [_json(element) for element in value]


def _json(value: object) -> str:
    """A text as it is, anything else as its JSON text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
