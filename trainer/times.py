"""Times of any kind turned into datetimes."""

import polars as pl

# Seconds reach 1e11 in the year 5138; a larger number counts ms, us or ns: (limit, per second).
EPOCH_SCALES = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (2**63, 1_000_000_000))
EXPECTED = "expected ISO 8601 (2026-01-31T12:00:00) or a number of seconds, ms, us or ns"


def to_datetime(time: pl.Series, largest: float | None = None) -> pl.Series:
    """Datetimes in microseconds, without a zone (UTC where there was one).

    A date is its midnight; a number counts from 1970, and the largest tells the unit; a missing
    time, an empty text and NaN are missing.

    Args:
        time: a column, or a piece of one.
        largest: the largest number of the whole column; None: it is in this piece.

    Raises:
        ValueError: naming the first time that cannot be read, or the type that holds none.
    """
    if time.dtype == pl.String:
        time = _from_text(time)
    elif time.dtype.is_numeric():
        time = _from_epoch(time, largest)
    elif time.dtype not in (pl.Date, pl.Datetime, pl.Null):
        raise ValueError(f"{time.dtype} is no point in time; {EXPECTED}")
    return time.cast(pl.Datetime("us"))


def _from_text(time: pl.Series) -> pl.Series:
    text = time.str.strip_chars()
    text = text.set(text == "", None)
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == text.null_count():
        return _from_epoch(numbers, None)
    try:
        parsed = text.str.to_datetime(strict=False, time_unit="us")
    except pl.exceptions.PolarsError:
        parsed = pl.Series([None] * len(text), dtype=pl.Datetime("us"))
    bad = time.filter(parsed.is_null() & text.is_not_null())
    if len(bad):
        raise ValueError(
            f"{len(bad):,} of {len(time):,} times cannot be read, the first is {bad[0]!r}; "
            f"{EXPECTED}"
        )
    return parsed


def _from_epoch(time: pl.Series, largest: float | None) -> pl.Series:
    numbers = time.cast(pl.Float64).fill_nan(None)
    sizes = numbers.abs().fill_null(0)
    largest = float(sizes.max() or 0) if largest is None else largest  # type: ignore[arg-type]
    for limit, per_second in EPOCH_SCALES:
        if largest < limit:
            return (numbers * (1_000_000 / per_second)).round().cast(pl.Int64)
    raise ValueError(f"{time.filter(sizes >= limit)[0]} is no point in time; {EXPECTED}")
