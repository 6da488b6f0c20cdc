"""The conditions that filters are made of: each knows its text and the items it is true for.

The text of a condition needs no parentheses around it, except within one that binds stronger.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from service.model.column_types import HowMany, Mask
from service.model.columns import Columns
from service.model.filter_texts import Value, name_text, value_text, values_text


class Condition(ABC):
    """What is true or false of every item."""

    strength: ClassVar[int] = 3  # how strongly it binds

    @abstractmethod
    def mask(self, columns: Columns) -> Mask:
        """The items that it is true for: bool [items], to be changed by the caller.

        Raises:
            InputError: naming a column that is unknown or of another type.
        """

    @abstractmethod
    def __str__(self) -> str:
        """The text that it is parsed from."""

    def within(self, strength: int) -> str:
        """Its text within a condition of this strength."""
        return f"({self})" if self.strength < strength else f"{self}"


@dataclass(frozen=True)
class Comparison(Condition):
    """`price < 20`."""

    column: str
    operator: str
    value: Value

    def mask(self, columns: Columns) -> Mask:
        """Where the comparison is true."""
        return columns[self.column].compared(self.operator, self.value)

    def __str__(self) -> str:
        """The comparison."""
        return f"{name_text(self.column)} {self.operator} {value_text(self.value)}"


@dataclass(frozen=True)
class Between(Condition):
    """`price between 10 and 20`, which includes both."""

    column: str
    least: Value
    most: Value

    def mask(self, columns: Columns) -> Mask:
        """Where the value is neither smaller nor larger."""
        column = columns[self.column]
        return column.compared(">=", self.least) & column.compared("<=", self.most)

    def __str__(self) -> str:
        """The range."""
        least, most = value_text(self.least), value_text(self.most)
        return f"{name_text(self.column)} between {least} and {most}"


@dataclass(frozen=True)
class Among(Condition):
    """`color in ('red', 'blue')`."""

    column: str
    values: tuple[Value, ...]

    def mask(self, columns: Columns) -> Mask:
        """Where the value is one of these."""
        return columns[self.column].among(self.values)

    def __str__(self) -> str:
        """The values."""
        return f"{name_text(self.column)} in {values_text(self.values)}"


@dataclass(frozen=True)
class Holding(Condition):
    """`tags any ('new', 'sale')`, `tags all (...)` or `tags none (...)`."""

    column: str
    how_many: HowMany
    values: tuple[Value, ...]

    def mask(self, columns: Columns) -> Mask:
        """Where the list holds as many of the values."""
        return columns[self.column].holding(self.how_many, self.values)

    def __str__(self) -> str:
        """The values."""
        return f"{name_text(self.column)} {self.how_many} {values_text(self.values)}"


@dataclass(frozen=True)
class Missing(Condition):
    """`price is missing`, or `price is not missing`."""

    column: str
    missing: bool

    def mask(self, columns: Columns) -> Mask:
        """Where there is no value, or where there is one."""
        missing = columns[self.column].missing()
        return missing if self.missing else ~missing

    def __str__(self) -> str:
        """The question."""
        return f"{name_text(self.column)} is {'' if self.missing else 'not '}missing"


@dataclass(frozen=True)
class Not(Condition):
    """`not price < 20`."""

    strength = 2
    condition: Condition

    def mask(self, columns: Columns) -> Mask:
        """Where the condition is false."""
        return ~self.condition.mask(columns)

    def __str__(self) -> str:
        """The condition after `not`."""
        return f"not {self.condition.within(self.strength)}"


@dataclass(frozen=True)
class And(Condition):
    """`price < 20 and color = 'red'`, of two conditions or more."""

    strength = 1
    conditions: tuple[Condition, ...]

    def mask(self, columns: Columns) -> Mask:
        """Where all conditions are true."""
        return reduce(np.logical_and, (one.mask(columns) for one in self.conditions))

    def __str__(self) -> str:
        """The conditions."""
        return " and ".join(one.within(self.strength) for one in self.conditions)


@dataclass(frozen=True)
class Or(Condition):
    """`price < 20 or color = 'red'`, of two conditions or more."""

    strength = 0
    conditions: tuple[Condition, ...]

    def mask(self, columns: Columns) -> Mask:
        """Where a condition is true."""
        return reduce(np.logical_or, (one.mask(columns) for one in self.conditions))

    def __str__(self) -> str:
        """The conditions."""
        return " or ".join(one.within(self.strength) for one in self.conditions)
