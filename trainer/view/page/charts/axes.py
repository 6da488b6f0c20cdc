"""Scales, ticks and frames that map values to positions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A range of values laid out along a range of positions."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value is."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is, and its label."""

    position: float
    label: str


@dataclass(frozen=True)
class Point:
    """A value and where it is: in per cent across, and in px down."""

    x: float
    y: float
    value: float


@dataclass(frozen=True)
class Frame:
    """The area of a chart whose values are on a vertical axis.

    Attributes:
        bottom: where the lowest value is, in px.
        values: the round values that have a line across, lowest first.
        top: where the highest value is, in px.
    """

    bottom: float
    values: Sequence[float]
    top: float = 14.0

    @property
    def up(self) -> Scale:
        """The scale from a value to its vertical position."""
        return Scale(self.values[0], self.values[-1], self.bottom, self.top)

    @property
    def ticks(self) -> list[Tick]:
        """The values and their positions."""
        return [Tick(self.up(value), f"{value:,.6g}") for value in self.values]


def round_values(low: float, high: float, most: int = 5) -> list[float]:
    """Evenly spaced round numbers that span `low` to `high`, in about `most` steps."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * magnitude for unit in (1, 2, 2.5, 5, 10) if unit * magnitude >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]
