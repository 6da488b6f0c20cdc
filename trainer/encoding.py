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
from numpy.typing import NDArray

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
    pieces: Iterable[Events],
    config: DataConfig,
    on_read: OnRead = lambda _: None,
    workers: int = 1,
) -> Encoded:
    """Groups events into sessions, orders them and puts codes for item ids.

    Sessions come in the order of their first event, events of a session by time, equal times in
    the order of the log. Sessions are told apart by 64 bits of hash: among ten million, the chance
    that any two are taken for one is three in a million.

    Args:
        pieces: the log, piece by piece, one at least.
        config: when sessions end, what events weigh, whether repeats collapse, where temporary
            files go.
        on_read: told the number of events read so far, after every piece.
        workers: threads that put events in order.

    Raises:
        ConfigError: there is no room for temporary files.
    """
    scratch = Scratch(config.scratch)
    codes = _Codes()
    spool = None
    gap = None
    dropped = Counter[str]()
    read = 0
    for piece in pieces:
        table = piece.table.with_row_index("row", read)
        gap = None if SESSION in table.columns else config.session_gap
        columns = _numbers(_complete(table, dropped), config, codes)
        spool = spool or Spool(scratch, {name: columns[name].dtype for name in columns}, PARTITIONS)
        spool.add(columns, (columns["owner"] >> PARTITION_SHIFT).astype(np.uint8))
        dropped["events_filtered"] += piece.read - table.height
        read += piece.read
        on_read(read)
    assert spool is not None
    sessions, collapsed = order_sessions(spool, gap, config.collapse_repeats, scratch, workers)
    dropped["events_collapsed"] += collapsed
    return Encoded(sessions, codes.item_ids(), read, dropped)


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
    expressions = [
        pl.col(SESSION if SESSION in table.columns else USER).hash().alias("owner"),
        pl.col("row").cast(pl.Int64),
        codes.of(pl.col(ITEM)).alias("item"),
    ]
    if TIME in table.columns:
        expressions.append(pl.col(TIME).cast(pl.Int64).alias("time"))
    if EVENT in table.columns and config.weights:
        weights = pl.col(EVENT).replace_strict(config.weights, default=1.0, return_dtype=pl.Float32)
        expressions.append(weights.fill_null(1.0).alias("weight"))
    return {column.name: column.to_numpy() for column in table.select(expressions)}
