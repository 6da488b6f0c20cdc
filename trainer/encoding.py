"""An event log of any size as sessions of item codes, within bounded memory.

Events are read in pieces, turned into numbers and spread over partitions by the hash of their
session, so that each partition can be ordered by itself (see `trainer.ordering`).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from trainer.config import DataConfig
from trainer.events import EVENT, ITEM, SESSION, TIME, USER, Events
from trainer.ordering import Ordered, order_sessions
from trainer.scratch import Scratch, Spool

PARTITIONS = 64
PARTITION_SHIFT = np.uint64(58)

OnRead = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Encoded:
    """All sessions of a log, as codes of all its items, rare ones too.

    Attributes:
        sessions: in the order of their first event.
        item_ids: the id of each code.
        read: events read.
        dropped: events that could not be used, by the name they have in `DataReport`.
    """

    sessions: Ordered
    item_ids: pl.Series
    read: int
    dropped: Counter[str]


class _Codes:
    """Numbers for ids, in the order in which they come."""

    def __init__(self) -> None:
        self._categories = pl.Categories.random("items", pl.UInt32)
        self._type = pl.Categorical(self._categories)
        self._alive = pl.Series([], dtype=self._type)  # without a column, polars forgets the ids

    def of(self, item_ids: pl.Expr) -> pl.Expr:
        return item_ids.cast(self._type).to_physical().cast(pl.Int32)

    def item_ids(self) -> pl.Series:
        return self._categories.to_series()


def encode(
    pieces: Iterable[Events], config: DataConfig, on_read: OnRead = lambda _: None
) -> Encoded:
    """Groups events into sessions, orders them and puts codes for item ids.

    Sessions come in the order of their first event, events of a session by time, equal times in
    the order of the log. Sessions are told apart by 64 bits of hash: among ten million, the chance
    that any two are taken for one is three in a million.

    Args:
        pieces: the log, piece by piece.
        config: what a session is, whether repeats collapse, where temporary files go.
        on_read: told the number of events read so far, after every piece.

    Raises:
        ConfigError: there is no room for temporary files.
    """
    scratch = Scratch(config.scratch)
    spool = Spool(scratch, _dtypes(config), PARTITIONS)
    codes = _Codes()
    dropped = Counter[str]()
    read = 0
    for piece in pieces:
        table = piece.table.with_row_index("row", read)
        columns = _numbers(_complete(table, dropped), config, codes)
        spool.add(columns, (columns["owner"] >> PARTITION_SHIFT).astype(np.uint8))
        dropped["events_filtered"] += piece.read - table.height
        read += piece.read
        on_read(read)
    sessions, collapsed = order_sessions(spool, config, scratch)
    dropped["events_collapsed"] += collapsed
    return Encoded(sessions, codes.item_ids(), read, dropped)


def _dtypes(config: DataConfig) -> dict[str, DTypeLike]:
    dtypes: dict[str, DTypeLike] = {"owner": np.uint64, "row": np.int64, "item": np.int32}
    if config.time:
        dtypes["time"] = np.int64
    if config.weights:
        dtypes["weight"] = np.float32
    return dtypes


def _complete(table: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """The events that have an item, a session or user and a time; the others are counted."""
    reasons = {
        ITEM: "events_without_item",
        SESSION if SESSION in table.columns else USER: "events_without_session",
        TIME: "events_without_time",
    }
    for column, reason in reasons.items():
        if column in table.columns:
            complete = table.filter(pl.col(column).is_not_null())
            dropped[reason] += table.height - complete.height
            table = complete
    return table


def _numbers(table: pl.DataFrame, config: DataConfig, codes: _Codes) -> dict[str, NDArray[Any]]:
    owner = SESSION if SESSION in table.columns else USER
    weights = pl.col(EVENT).replace_strict(config.weights, default=1.0, return_dtype=pl.Float32)
    expressions = {
        "owner": pl.col(owner).hash(),
        "row": pl.col("row").cast(pl.Int64),
        "item": codes.of(pl.col(ITEM)),
        "time": pl.col(TIME).cast(pl.Int64),
        "weight": weights.fill_null(1.0),
    }
    numbers = table.select(expressions[name].alias(name) for name in _dtypes(config))
    return {column.name: column.to_numpy() for column in numbers}
