"""The types of columns, and the questions that each of them answers for all items at once."""

import operator
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from service.model.errors import InputError, short
from service.model.filter_texts import Value, value_text, values_text
from service.model.strings import Strings

Mask = NDArray[np.bool_]
HowMany = Literal["any", "all", "none"]

MISSING = -1  # the code of a missing text or list
FEW = 8  # values that are compared one after another
OPERATORS: dict[str, Callable[[Any, float], Mask]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, eq=False)
class Column(ABC):
    """A column of the catalogue.

    Attributes:
        name: its name, for errors.
    """

    name: str
    remedy: ClassVar[str]  # what it holds, and what to do about a question that does not fit

    @abstractmethod
    def missing(self) -> Mask:
        """Where there is no value."""

    def compared(self, operator: str, value: Value) -> Mask:
        """Where the comparison with a value is true; nowhere that a value is missing."""
        raise self._misfit(f"{operator} {value_text(value)}")

    def among(self, values: Sequence[Value]) -> Mask:
        """Where the value is one of these."""
        raise self._misfit(f"in {values_text(values)}")

    def holding(self, how_many: HowMany, values: Sequence[Value]) -> Mask:
        """Where the list holds any, all or none of these values; nowhere that it is missing."""
        raise self._misfit(f"{how_many} {values_text(values)}")

    def _misfit(self, asked: str) -> InputError:
        """The error of a question that the column cannot answer."""
        return InputError(
            f"{short(asked)} does not fit column {short(self.name)}, which holds {self.remedy}"
        )


@dataclass(frozen=True, eq=False)
class Numbers(Column):
    """A column of numbers.

    Attributes:
        values: int64 or float64 [items]; NaN is missing.
    """

    values: NDArray[Any]
    remedy = "numbers: compare it with numbers"

    def missing(self) -> Mask:
        """Where there is no number."""
        missing: Mask = np.isnan(self.values)
        return missing

    def compared(self, operator: str, value: Value) -> Mask:
        """Where a comparison of numbers is true."""
        mask = OPERATORS[operator](self.values, self._number(value))
        if operator == "!=":
            mask &= ~self.missing()
        return mask

    def among(self, values: Sequence[Value]) -> Mask:
        """Where the number is one of these."""
        wanted = np.unique([self._number(value) for value in values])
        if len(wanted) <= FEW:
            return _equal_to_any(self.values, wanted)
        places = np.searchsorted(wanted[:-1], self.values)
        found: Mask = wanted[places] == self.values
        return found

    def _number(self, value: Value) -> float:
        if isinstance(value, str):
            raise self._misfit(value_text(value))
        return value


@dataclass(frozen=True, eq=False)
class Coded(Column):
    """A column of texts or of lists of texts, by places in a vocabulary.

    Attributes:
        codes: int32, places in the vocabulary, or MISSING.
        vocabulary: texts in ascending order.
    """

    codes: NDArray[np.int32]
    vocabulary: Strings

    def _known(self, values: Iterable[Value]) -> list[int]:
        """The codes of those of the values that are in the vocabulary."""
        spans = [self._span(value) for value in set(values)]
        return [first for first, last in spans if first < last]

    def _coded(self, codes: Sequence[int]) -> Mask:
        """Where one of these codes is; MISSING may be one."""
        if len(codes) <= FEW:
            return _equal_to_any(self.codes, codes)
        wanted = np.zeros(len(self.vocabulary) + 1, np.bool_)  # and the last place is MISSING's
        wanted[codes] = True
        return wanted[self.codes]

    def _span(self, value: Value) -> tuple[int, int]:
        """Where a text begins and ends in the vocabulary: the same place if it is not there."""
        if not isinstance(value, str):
            raise self._misfit(value_text(value))
        place = bisect_left(self.vocabulary, value)
        return place, place + (self.vocabulary[place : place + 1] == [value])


@dataclass(frozen=True, eq=False)
class Texts(Coded):
    """A column of texts: a code per item."""

    remedy = "texts: compare it with texts in quotes (any, all and none are for lists)"

    def missing(self) -> Mask:
        """Where there is no text."""
        missing: Mask = self.codes == MISSING
        return missing

    def compared(self, operator: str, value: Value) -> Mask:
        """Where a comparison of texts is true; they are in the order of their code points."""
        first, last = self._span(value)
        if operator == "!=":
            return ~(self._within(first, last) | self.missing())
        spans = {
            "=": (first, last),
            "<": (0, first),
            "<=": (0, last),
            ">": (last, len(self.vocabulary)),
            ">=": (first, len(self.vocabulary)),
        }
        return self._within(*spans[operator])

    def among(self, values: Sequence[Value]) -> Mask:
        """Where the text is one of these."""
        return self._coded(self._known(values))

    def _within(self, first: int, last: int) -> Mask:
        """Whose codes are `first` or larger, and smaller than `last`."""
        return (self.codes >= first) & (self.codes < last)


@dataclass(frozen=True, eq=False)
class TextLists(Coded):
    """A column of lists of texts: `codes` are those of list after list.

    A missing list is MISSING alone.

    Attributes:
        offsets: int64 [items + 1]; those of list i are between the places i and i + 1.
    """

    offsets: NDArray[np.int64]
    remedy = "lists of texts: ask for any, all or none of some"

    def missing(self) -> Mask:
        """Where there is no list."""
        return self._lists_with(self.codes == MISSING)

    def holding(self, how_many: HowMany, values: Sequence[Value]) -> Mask:
        """Where the list holds any, all or none of these texts."""
        codes = self._known(values)
        if how_many == "any":
            return self._lists_with(self._coded(codes))
        if how_many == "none":
            return ~self._lists_with(self._coded([*codes, MISSING]))
        mask = np.full(len(self.offsets) - 1, len(codes) == len(set(values)))
        for code in codes:
            if not mask.any():
                break
            mask &= self._lists_with(self._coded([code]))
        return mask

    def _lists_with(self, chosen: Mask) -> Mask:
        """Which lists have a chosen code."""
        before = np.zeros(len(chosen) + 1, np.int32)
        np.cumsum(chosen, out=before[1:])
        borders = before[self.offsets - self.offsets[0]]
        found: Mask = borders[1:] > borders[:-1]
        return found


def _equal_to_any(values: NDArray[Any], wanted: Iterable[Any]) -> Mask:
    mask = np.zeros(len(values), np.bool_)
    for one in wanted:
        mask |= values == one
    return mask
