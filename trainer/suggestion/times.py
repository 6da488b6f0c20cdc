"""How the times of a column are written."""

import polars as pl

from trainer.events.log.times import ISO_SHAPE, LIKELY, NUMERIC_DATES, PER_SECOND, unit_of

CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%b %d %Y", "%b %d, %Y",
)  # fmt: skip
MOST_LOOKED_AT = 20_000


def read_times(column: pl.Series) -> tuple[dict[str, str], str, bool] | None:
    """The settings that reading times takes.

    Returns:
        The settings, what the times are in words, and whether another reading is as likely; None
        if the column holds no times.
    """
    values = column.drop_nulls()
    if values.is_empty():
        return None
    if values.dtype.is_temporal():
        return ({}, "dates and times", False) if values.dtype != pl.Time else None
    if values.dtype == pl.String:
        return _of_texts(values)
    return _of_numbers(values) if values.dtype.is_numeric() else None


def _of_numbers(values: pl.Series) -> tuple[dict[str, str], str, bool] | None:
    largest, smallest = float(values.max()), float(values.min())  # type: ignore[arg-type]
    digits = f"{largest:.0f}"
    if len(digits) in NUMERIC_DATES and _reads(values.cast(pl.Int64).cast(pl.String), "%Y%m%d"):
        return {"time_format": "%Y%m%d"}, "dates written as numbers", False
    try:
        unit = unit_of(largest)
    except ValueError:
        return None
    since, until = (bound * PER_SECOND[unit] for bound in LIKELY)
    if since <= smallest <= largest <= until:
        return {}, f"numbers that count {unit} since 1970", False
    return None


def _of_texts(values: pl.Series) -> tuple[dict[str, str], str, bool] | None:
    texts = values.str.strip_chars().filter(values.str.strip_chars() != "")
    texts = texts.unique(maintain_order=True).head(MOST_LOOKED_AT)
    if texts.is_empty():
        return None
    numbers = texts.cast(pl.Float64, strict=False)
    if not numbers.has_nulls():
        return _of_numbers(numbers)
    if texts.str.contains(ISO_SHAPE).all():
        return {}, "ISO 8601", False
    formats = [day + clock for day in DAYS for clock in CLOCKS if _reads(texts, day + clock)]
    if not formats:
        return None
    ordered = [form for form in formats if _parsed(texts, form).is_sorted()]
    best = (ordered or formats)[0]
    unsure = len(ordered or formats) > 1 and not best.startswith("%Y")
    return {"time_format": best}, f"written as {texts[0]}", unsure


def _reads(texts: pl.Series, form: str) -> bool:
    first = texts.head(20)
    return not _parsed(first, form).has_nulls() and not _parsed(texts, form).has_nulls()


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    return texts.str.to_datetime(form, strict=False, time_unit="us")
