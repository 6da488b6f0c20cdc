"""Events grouped into sessions, ordered, cleaned and encoded."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.errors import EventLogError
from trainer.config import DataConfig
from trainer.events import ITEM, SESSION, TIME, USER, Events
from trainer.vocabulary import Vocabulary, count_items

PERCENTILES = (5, 25, 50, 75, 95, 99, 100)
ROW = "row"
MINUTE = 60_000_000  # microseconds


@dataclass(frozen=True, eq=False)
class Sessions:
    """All sessions, flat.

    Attributes:
        items: int32 [events], vocabulary rows, session after session, oldest first.
        offsets: int64 [sessions + 1]; session s is `items[offsets[s]:offsets[s + 1]]`.
        weights: float32 [events], how often the pairs of each event count; None for once each.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self.offsets) - 1

    def lengths(self) -> NDArray[np.int64]:
        """The number of items of each session."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class DataReport:
    """What became of every event that was read.

    `read` is the sum of the event counts below it, `kept` included.
    """

    events_read: int
    events_filtered: int = 0
    events_without_item: int = 0
    events_without_session: int = 0
    events_without_time: int = 0
    events_collapsed: int = 0
    events_of_rare_items: int = 0
    events_in_short_sessions: int = 0
    events_kept: int = 0
    rare_items: int = 0
    short_sessions: int = 0
    items: int = 0
    sessions: int = 0
    session_length_percentiles: dict[str, int] | None = None
    first_event: str | None = None
    last_event: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def build_sessions(events: Events, config: DataConfig) -> tuple[Sessions, Vocabulary, DataReport]:
    """Turns events into encoded sessions, counting everything that is dropped.

    Sessions come in the order of their first event, events of a session by time, equal times in
    the order of the log. An item is rare by its occurrences after repeats were collapsed.

    Raises:
        EventLogError: fewer than two sessions or two items are left.
    """
    report = DataReport(events.read, events_filtered=events.read - events.table.height)
    table, report = _drop_incomplete(events.table, report)
    table, report = _drop_timeless(table, report)
    table = _ordered(_with_sessions(table, config))
    if table.height == events.read and table.get_column(SESSION).n_unique() == 1:
        raise EventLogError(
            f"{', '.join(config.paths)}: all {table.height:,} events are of one session; training "
            "needs several (a text file has one session a line)"
        )
    table, report = _collapse(table, report, config)
    table, report = _drop_rare_items(table, report, config)
    table, report = _collapse(table, report, config)
    table, report = _drop_short_sessions(table, report, config)
    vocabulary, items = count_items(table.get_column(ITEM))
    sessions = Sessions(items, _offsets(table))
    report = replace(
        report,
        events_kept=len(items),
        items=len(vocabulary),
        sessions=len(sessions),
        session_length_percentiles=_percentiles(sessions),
        first_event=_text(table.get_column(TIME).min()),
        last_event=_text(table.get_column(TIME).max()),
    )
    _check_enough(report, config)
    return sessions, vocabulary, report


def _drop_incomplete(table: pl.DataFrame, report: DataReport) -> tuple[pl.DataFrame, DataReport]:
    with_item = table.filter(pl.col(ITEM).is_not_null())
    owner = SESSION if SESSION in table.columns else USER
    complete = with_item.filter(pl.col(owner).is_not_null())
    return complete, replace(
        report,
        events_without_item=table.height - with_item.height,
        events_without_session=with_item.height - complete.height,
    )


def _drop_timeless(table: pl.DataFrame, report: DataReport) -> tuple[pl.DataFrame, DataReport]:
    if TIME not in table.columns:
        return table.with_columns(pl.lit(None, pl.Datetime("us")).alias(TIME)), report
    kept = table.filter(pl.col(TIME).is_not_null())
    return kept, replace(report, events_without_time=table.height - kept.height)


def _with_sessions(table: pl.DataFrame, config: DataConfig) -> pl.DataFrame:
    """Events without a session column: a user's events, cut where they pause."""
    table = table.with_row_index(ROW)
    if SESSION in table.columns:
        return table
    ordered = table.sort([USER, TIME, ROW])
    pause = pl.col(TIME).diff().dt.total_microseconds() > config.session_gap * MINUTE
    starts = (pl.col(USER) != pl.col(USER).shift()) | pause
    return ordered.with_columns(starts.fill_null(value=True).cum_sum().alias(SESSION)).sort(ROW)


def _ordered(table: pl.DataFrame) -> pl.DataFrame:
    """Sorted by the first event of the session, then time, then place in the log."""
    first = (
        table.lazy()
        .group_by(SESSION)
        .agg(pl.col(TIME).min().alias("start"), pl.col(ROW).min().alias("first_row"))
        .sort(["start", "first_row"])
        .with_row_index("rank")
        .select(SESSION, "rank")
        .collect()
    )
    ranked = table.join(first, on=SESSION).drop(SESSION).rename({"rank": SESSION})
    return ranked.sort([SESSION, TIME, ROW])


def _collapse(
    table: pl.DataFrame, report: DataReport, config: DataConfig
) -> tuple[pl.DataFrame, DataReport]:
    if not config.collapse_repeats:
        return table, report
    repeats = (pl.col(ITEM) == pl.col(ITEM).shift()) & (pl.col(SESSION) == pl.col(SESSION).shift())
    kept = table.filter(~repeats.fill_null(value=False))
    collapsed = report.events_collapsed + table.height - kept.height
    return kept, replace(report, events_collapsed=collapsed)


def _drop_rare_items(
    table: pl.DataFrame, report: DataReport, config: DataConfig
) -> tuple[pl.DataFrame, DataReport]:
    counts = table.group_by(ITEM).len("count")
    rare = counts.filter(pl.col("count") < config.min_count)
    kept = table.join(rare, on=ITEM, how="anti", maintain_order="left")
    return kept, replace(
        report, rare_items=rare.height, events_of_rare_items=table.height - kept.height
    )


def _drop_short_sessions(
    table: pl.DataFrame, report: DataReport, config: DataConfig
) -> tuple[pl.DataFrame, DataReport]:
    lengths = table.group_by(SESSION).len("length")
    short = lengths.filter(pl.col("length") < config.min_session_length)
    kept = table.join(short, on=SESSION, how="anti", maintain_order="left")
    return kept, replace(
        report, short_sessions=short.height, events_in_short_sessions=table.height - kept.height
    )


def _offsets(table: pl.DataFrame) -> NDArray[np.int64]:
    session = table.get_column(SESSION).to_numpy()
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    return np.append(starts, len(session)).astype(np.int64)


def _percentiles(sessions: Sessions) -> dict[str, int] | None:
    if not len(sessions):
        return None
    values = np.percentile(sessions.lengths(), PERCENTILES, method="lower")
    return {f"p{rank}": int(value) for rank, value in zip(PERCENTILES, values, strict=True)}


def _text(time: object) -> str | None:
    return None if time is None else str(time)


def _check_enough(report: DataReport, config: DataConfig) -> None:
    if report.sessions >= 2 and report.items >= 2:
        return
    dropped = {
        "filtered": report.events_filtered,
        "without item": report.events_without_item,
        "without session or user": report.events_without_session,
        "without time": report.events_without_time,
        "consecutive repeats": report.events_collapsed,
        f"of items under min_count = {config.min_count}": report.events_of_rare_items,
        f"in sessions under min_session_length = {config.min_session_length}": (
            report.events_in_short_sessions
        ),
    }
    reasons = ", ".join(f"{events:,} {reason}" for reason, events in dropped.items() if events)
    raise EventLogError(
        f"{', '.join(config.paths)}: {report.sessions:,} sessions with {report.items:,} items are "
        f"left of {report.events_read:,} events, too few to learn from; dropped: "
        f"{reasons or 'nothing'}"
    )
