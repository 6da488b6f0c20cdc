"""The share of the events that the heaviest user has."""

import polars as pl

VALUE, COUNT = "value", "count"
LEAST_SHARE = 0.001  # of a piece, that is remembered; what is lost is less than that of the whole


class Heaviest:
    """Counts values piece by piece, and remembers those that are frequent in some piece."""

    def __init__(self) -> None:
        self._counts = pl.DataFrame(schema={VALUE: pl.UInt64, COUNT: pl.UInt32})
        self._events = 0

    def add(self, values: pl.Series) -> None:
        """Counts a piece; missing values are nobody's."""
        self._events += len(values)
        hashes = values.drop_nulls().hash().alias(VALUE)
        counts = hashes.to_frame().group_by(VALUE).len(COUNT)
        frequent = counts.filter(pl.col(COUNT) >= LEAST_SHARE * len(values))
        self._counts = pl.concat([self._counts, frequent]).group_by(VALUE).sum()

    def largest_share(self) -> float | None:
        """The share of all events that the most frequent value has; None without events."""
        if not self._events:
            return None
        largest = self._counts.get_column(COUNT).max()
        return float(largest or 0) / self._events  # type: ignore[arg-type]
