"""Parses times of any kind, by one rule for the whole log."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import TypeVar

import polars as pl

from trainer.config.data import TimeUnit

Column = TypeVar("Column", pl.Series, pl.Expr)

PER_SECOND: dict[TimeUnit, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# Seconds reach 1e11 in the year 5138; a larger number counts ms, us or ns.
LIMITS: dict[TimeUnit, float] = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": float("inf")}
LIKELY = (631_152_000, 4_102_444_800)  # seconds until 1990, until 2100
YEARS_1_TO_9999 = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # in us
# How dates look when somebody writes them as numbers, by the number of digits.
NUMERIC_DATES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
ISO = ["%Y-%m-%d"] + [
    f"%Y-%m-%d{separator}{clock}{zone}"
    for zone, separator, clock in product(("", "%#z"), "T ", ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f"))
]
ISO_SHAPE = r"^\d{4}-\d{2}-\d{2}"
TIME = pl.Datetime("us")


@dataclass(frozen=True)
class TimeRule:
    """How the times of a log are read.

    Attributes:
        format: of texts, as for strptime; numbers are then read as texts too. None: ISO 8601.
        unit: what numbers count since 1970.
        guessed: whether the unit was inferred from the largest number.
    """

    format: str | None = None
    unit: TimeUnit = "s"
    guessed: bool = False

    def read(self, times: pl.Series, numbers: bool) -> pl.Series:
        """Datetimes in microseconds, without a zone (UTC where there was one).

        A date becomes its midnight. A missing or unreadable time is null: see `missing` and
        `problem`.

        Args:
            times: a column, or a piece of one, of a type that `can_hold_times`.
            numbers: whether they count time units, as numbers or as texts of numbers.
        """
        if times.dtype.is_temporal() or times.dtype == pl.Null:
            return times.cast(TIME)
        if self.format is not None:
            return _strptime(_as_text(times), self.format)
        if numbers:
            return self._from_numbers(as_numbers(times, times.dtype == pl.String))
        return from_iso(_as_text(times))

    def problem(self, time: object, numbers: bool) -> str:
        """Why a time cannot be read, and what to do."""
        if self.format is not None:
            return f"{time!r} is not written as time_format = {self.format!r}"
        if not numbers:
            return (
                f"{time!r} is not an ISO 8601 time such as 2026-01-31 or 2026-01-31T12:00:00Z; "
                "set time_format to how it is written, such as '%d/%m/%Y %H:%M'"
            )
        if not is_number(str(time)):
            return f"{time!r} is not a number, as the first time of the file is"
        other = _likely_unit(float(str(time)))
        if self.guessed and other:
            return (
                f"{time} seems to count {other}, but the largest number of the log counts "
                f"{self.unit}: use one unit, or set time_unit"
            )
        return f"{time} {self.unit} since 1970 is not a time; set time_unit or time_format"

    def _from_numbers(self, numbers: pl.Series) -> pl.Series:
        since_1970 = (numbers * (1_000_000 / PER_SECOND[self.unit])).round()
        good = since_1970.is_between(*YEARS_1_TO_9999)
        for unit in PER_SECOND if self.guessed else ():
            if PER_SECOND[unit] < PER_SECOND[self.unit]:
                good &= ~numbers.is_between(*_likely(unit))
        return since_1970.set(~good, None).cast(pl.Int64).cast(TIME)


def unit_of(largest: float) -> TimeUnit:
    """Infers what numbers count since 1970 from the largest of them.

    Raises:
        ValueError: it looks like a date that is written as a number.
    """
    digits = f"{largest:.0f}"
    date_format = NUMERIC_DATES.get(len(digits))
    if date_format and _is_date(digits, date_format):
        raise ValueError(
            f"{digits} looks like a date that is written as a number: set time_format = "
            f"{date_format!r}, or time_unit if it counts {_unit(largest)} since 1970"
        )
    return _unit(largest)


def can_hold_times(kind: pl.DataType) -> bool:
    """Whether a column of this type may be a time."""
    return kind.is_numeric() or kind in (pl.String, pl.Date, pl.Datetime, pl.Null)


def missing(times: pl.Series) -> pl.Series:
    """Where there is no time: null, NaN, and texts of blanks."""
    if times.dtype.is_float():
        return times.fill_nan(None).is_null()
    if times.dtype == pl.String:
        return times.is_null() | (times.str.strip_chars() == "")
    return times.is_null()


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    return not as_numbers(pl.Series([text]), text=True).has_nulls()


def as_numbers(times: Column, text: bool) -> Column:
    """Numbers, and texts of numbers; null for everything else."""
    return (
        (times.str.strip_chars() if text else times).cast(pl.Float64, strict=False).fill_nan(None)
    )


def _as_text(times: pl.Series) -> pl.Series:
    if times.dtype == pl.String:
        return times.str.strip_chars()
    whole = times.cast(pl.Int64, strict=False)
    return whole.set(whole != times, None).cast(pl.String)


def from_iso(texts: pl.Series) -> pl.Series:
    """Datetimes in microseconds, in UTC where there was a zone; null for what is not ISO 8601.

    Tries every form, that of the first text first: most others are like it.
    """
    texts = texts.set(~texts.str.contains(ISO_SHAPE), None)
    first = texts.drop_nulls().head(1)
    parsed = texts.clear().cast(TIME).extend_constant(None, len(texts))
    for form in sorted(ISO, key=lambda iso: _strptime(first, iso).null_count()):
        rest = parsed.is_null() & texts.is_not_null()
        if not rest.any():
            break
        parsed = _strptime(texts, form).zip_with(rest, parsed)
    return parsed


def _strptime(texts: pl.Series, time_format: str) -> pl.Series:
    return texts.str.to_datetime(time_format, strict=False, time_unit="us").cast(TIME)


def _unit(largest: float) -> TimeUnit:
    return next(unit for unit, limit in LIMITS.items() if largest < limit)


def _likely(unit: TimeUnit) -> tuple[int, int]:
    """The range of numbers that are dates from 1990 to 2100 in this unit."""
    since, until = LIKELY
    return since * PER_SECOND[unit], until * PER_SECOND[unit]


def _likely_unit(number: float) -> TimeUnit | None:
    return next((u for u in PER_SECOND if _likely(u)[0] <= number <= _likely(u)[1]), None)


def _is_date(digits: str, date_format: str) -> bool:
    try:
        return 1900 <= datetime.strptime(digits, date_format).year < 2100
    except ValueError:
        return False
