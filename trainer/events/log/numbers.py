"""The numbers that weigh events, such as how often something was played."""

import polars as pl


def can_weigh(kind: pl.DataType) -> bool:
    """Whether a column of this type may hold numbers, or texts of numbers."""
    return kind.is_numeric() or kind in (pl.String, pl.Null)


def read_numbers(column: pl.Series) -> pl.Series:
    """Numbers from 0 on: float64 [events]; null for one that is missing or cannot be used."""
    texts = column.str.strip_chars() if column.dtype == pl.String else column
    numbers = texts.cast(pl.Float64, strict=False)
    return numbers.set(~(numbers.is_finite() & (numbers >= 0)).fill_null(True), None)


def why_unusable(value: object) -> str:
    """What is wrong with a value that cannot be used, and what to do."""
    return (
        f"{value!r} is not a number from 0 on, which `weight` needs: leave such events out with "
        "`where`, or choose another column"
    )
