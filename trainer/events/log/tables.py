"""Tables of any library as tables of polars."""

from typing import Any

import numpy as np
import polars as pl

from service.model.errors import InputError
from trainer.events.log.conditions import one_line

PLAIN = "biuf"  # kinds of NumPy arrays that are taken as they are


def is_table(value: object) -> bool:
    """Whether a value is a table that `to_polars` reads."""
    return isinstance(value, pl.DataFrame | pl.LazyFrame) or _is_arrow(value) or _is_pandas(value)


def to_polars(table: Any) -> pl.LazyFrame:
    """A table of polars, pandas or anything that hands out its columns through Arrow.

    Pandas is not imported, and needs no pyarrow. Its index is left out.

    Raises:
        InputError: the table cannot be read, or names a column twice.
    """
    if isinstance(table, pl.DataFrame | pl.LazyFrame):
        return table.lazy()
    try:
        if not _is_pandas(table):
            return pl.from_dataframe(table).lazy()
        columns = [table.iloc[:, number] for number in range(table.shape[1])]
        return pl.DataFrame([_column(column) for column in columns]).lazy()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError) as error:
        raise InputError(f"the data frame cannot be read: {one_line(error)}") from None


def _is_arrow(value: object) -> bool:
    """A single column has the interface as well; it is called a series everywhere."""
    return hasattr(value, "__arrow_c_stream__") and type(value).__name__ != "Series"


def _is_pandas(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pandas"


def _column(column: Any) -> pl.Series:
    """A column of pandas; values that are neither text nor of one simple type become text."""
    name, kind = str(column.name), column.dtype
    if getattr(kind, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        kind = column.dtype
    if isinstance(kind, np.dtype) and kind.kind == "M":
        return pl.Series(name, column.to_numpy().astype("M8[us]"))
    if isinstance(kind, np.dtype) and kind.kind in PLAIN:
        return pl.Series(name, column.to_numpy())
    values = [
        None if missing else value
        for value, missing in zip(column.astype(object), column.isna(), strict=True)
    ]
    try:
        return pl.Series(name, values)
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        return pl.Series(name, [None if value is None else str(value) for value in values])
