"""How often the pairs of each event count: by its type, and by a number such as plays."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.config.data import DataConfig, WeightScale
from trainer.events.log.reader import EVENT, WEIGHT

HEAVIEST = 100.0
MOST_TYPES = 20  # that a note lists
SCALES: dict[WeightScale, Callable[[pl.Series], pl.Series]] = {
    "log": lambda numbers: (numbers + 1).log(2),
    "sqrt": lambda numbers: numbers.sqrt(),
    "linear": lambda numbers: numbers,
}


class Weights:
    """Weighs events piece by piece.

    A weight is that of the type times that of the number. Those of numbers are scaled, then divided
    by their mean over the whole log: training takes as long as without them.
    """

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        self._types: set[str] = set()
        self._events = self._without = 0
        self._total, self._low, self._high = 0.0, np.inf, 0.0

    def of(self, table: pl.DataFrame) -> pl.Series | None:
        """The weights of a piece, before `level`: float32 [events]; None where all are 1."""
        config = self._config
        weights = None
        if config.weights and EVENT in table.columns:
            types = table.get_column(EVENT)
            self._types.update(types.drop_nulls().unique())
            weights = types.replace_strict(config.weights, default=1.0, return_dtype=pl.Float64)
            weights = weights.fill_null(1.0)
        if WEIGHT in table.columns:
            scaled = self._scaled(table.get_column(WEIGHT))
            weights = scaled if weights is None else weights * scaled
        return None if weights is None else weights.cast(pl.Float32)

    def level(self, weights: NDArray[np.float32] | None) -> None:
        """Divides the weights of all events by the mean of their numbers, in place."""
        if weights is not None and self._total:
            weights *= np.float32(self._events / self._total)
            np.minimum(weights, HEAVIEST, out=weights)

    def notes(self) -> Iterator[str]:
        """Remarks for people."""
        config = self._config
        if missing := sorted(config.weights.keys() - self._types):
            names = ", ".join(map(repr, sorted(self._types)[:MOST_TYPES])) or "none"
            more = ", ..." if len(self._types) > MOST_TYPES else ""
            yield (
                f"no event is of the type {' or '.join(map(repr, missing))}, which `weights` "
                f"names; the types of the log are: {names}{more}"
            )
        if self._total:
            mean = self._total / self._events
            lightest, heaviest = (min(end / mean, HEAVIEST) for end in (self._low, self._high))
            yield (
                f"the numbers in column {config.weight!r} weigh events from {lightest:.2g} to "
                f"{heaviest:.2g}, 1 on average (weight_scale = {config.weight_scale!r})"
            )
        if self._without:
            yield (
                f"{self._without:,} events have no number in column {config.weight!r}: it is taken "
                "for 1"
            )

    def _scaled(self, numbers: pl.Series) -> pl.Series:
        scaled = SCALES[self._config.weight_scale](numbers.cast(pl.Float64).fill_null(1.0))
        self._events += len(numbers)
        self._without += numbers.null_count()
        if len(scaled):
            self._total += float(scaled.sum())
            self._low = min(self._low, float(scaled.min()))  # type: ignore[arg-type]
            self._high = max(self._high, float(scaled.max()))  # type: ignore[arg-type]
        return scaled
