"""Encodes an event log of any size as sessions of item codes, in bounded memory.

Events are read in pieces, turned into numbers and spread over partitions by the hash of their
session, so that each partition can be ordered by itself (see `trainer.events.ordering`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.config.data import DataConfig, TimeUnit
from trainer.events.activity import Activity
from trainer.events.heaviest import Heaviest
from trainer.events.log.reader import ITEM, SESSION, TIME, USER, Events
from trainer.events.ordering import Ordered, order_sessions
from trainer.events.row_order import RowOrder
from trainer.events.scratch import Scratch, Spool
from trainer.events.weights import Weights

PARTITIONS = 64
PARTITION_SHIFT = np.uint64(58)
CODE = "code"

OnRead = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Encoded:
    """All sessions of a log, with a code for every item, rare items included.

    Attributes:
        sessions: in the order of their first event.
        item_ids: the id of each code.
        read: events read.
        dropped: unusable events, counted under their names in `DataReport`.
        notes: remarks for people on how the log was read.
        largest_user_share: the share of the events that are of one user, or of one session where
            users are not known; None without events.
        activity: the sessions or users that are active in each of the newest hours, see
            `Activity`; None without times.
    """

    sessions: Ordered
    item_ids: pl.Series
    read: int
    dropped: Counter[str]
    notes: tuple[str, ...] = ()
    largest_user_share: float | None = None
    activity: Mapping[str, Any] | None = None


class _Codes:
    """Numbers item ids in the order of their first appearance."""

    def __init__(self) -> None:
        self._known = pl.DataFrame(schema={ITEM: pl.String, CODE: pl.Int32})

    def of(self, item_ids: pl.Series) -> pl.Series:
        """The number of each id; an id seen for the first time gets the next number."""
        ids = item_ids.unique(maintain_order=True).to_frame()
        new = ids.join(self._known, on=ITEM, how="anti", maintain_order="left")
        numbers = pl.int_range(self._known.height, self._known.height + new.height, dtype=pl.Int32)
        self._known = pl.concat([self._known, new.select(ITEM, numbers.alias(CODE))])
        used = self._known.join(ids, on=ITEM, how="semi")
        coded = item_ids.to_frame().join(used, on=ITEM, how="left", maintain_order="left")
        return coded.get_column(CODE)

    def item_ids(self) -> pl.Series:
        return self._known.get_column(ITEM)


def encode(
    pieces: Iterable[Events],
    config: DataConfig,
    on_read: OnRead = lambda _: None,
    workers: int = 1,
) -> Encoded:
    """Groups events into sessions, orders them and replaces item ids by codes.

    Sessions come in the order of their first event, events of a session by time, equal times in
    the order of the log. Sessions are told apart by a 64-bit hash: among ten million, the chance
    that any two share one is three in a million.

    Args:
        pieces: the log, piece by piece; at least one piece.
        config: when sessions end, what events weigh, whether repeats collapse, where temporary
            files go.
        on_read: called with the number of events read so far, after every piece.
        workers: threads that put events in order.

    Raises:
        ConfigError: temporary files cannot be written.
    """
    scratch = Scratch(config.scratch)
    codes = _Codes()
    users, activity = Heaviest(), Activity()
    weights, row_order = Weights(config), RowOrder(config)
    spool = None
    gap = None
    dropped = Counter[str]()
    read = 0
    unit = None
    remarks: dict[str, None] = {}
    for piece in pieces:
        table = piece.table.with_row_index("row", read)
        cut = SESSION not in table.columns and TIME in table.columns
        gap = config.session_gap if cut else None
        users.add(table.get_column(USER if USER in table.columns else SESSION))
        complete = _complete(table, dropped)
        if TIME in table.columns:
            owner = SESSION if SESSION in table.columns else USER
            activity.add(complete.get_column(TIME), complete.get_column(owner))
        else:
            row_order.add(complete)
        columns = _numbers(complete, weights, codes)
        spool = spool or Spool(scratch, {name: columns[name].dtype for name in columns}, PARTITIONS)
        spool.add(columns, (columns["owner"] >> PARTITION_SHIFT).astype(np.uint8))
        unit = unit or piece.time_unit
        remarks.update(dict.fromkeys(piece.notes))
        dropped["events_filtered"] += piece.read - table.height
        read += piece.read
        on_read(read)
    assert spool is not None
    sessions, collapsed = order_sessions(spool, gap, config.collapse_repeats, scratch, workers)
    dropped["events_collapsed"] += collapsed
    weights.level(sessions.weights)
    notes = (*remarks, *_notes(config, unit), *row_order.notes(), *weights.notes())
    return Encoded(
        sessions,
        codes.item_ids(),
        read,
        dropped,
        notes,
        users.largest_share(),
        activity.newest(),
    )


def _notes(config: DataConfig, unit: TimeUnit | None) -> Iterator[str]:
    if unit:
        yield f"the numbers in column {config.time!r} count {unit} since 1970"


def _complete(table: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """Keeps events with an item, a session or user, and a time; counts the others."""
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


def _numbers(table: pl.DataFrame, weights: Weights, codes: _Codes) -> dict[str, NDArray[Any]]:
    columns: list[pl.Expr | pl.Series] = [
        pl.col(SESSION if SESSION in table.columns else USER).hash().alias("owner"),
        pl.col("row").cast(pl.Int64),
        codes.of(table.get_column(ITEM)).alias("item"),
    ]
    if TIME in table.columns:
        columns.append(pl.col(TIME).cast(pl.Int64).alias("time"))
    weight = weights.of(table)
    if weight is not None:
        columns.append(weight.alias("weight"))
    return {column.name: column.to_numpy() for column in table.select(columns)}
