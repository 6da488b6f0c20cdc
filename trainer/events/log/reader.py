"""Reads and filters event logs piece by piece."""

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl
import polars.selectors as cs

from service.model.errors import EventLogError
from trainer.config.data import DataConfig, TimeUnit
from trainer.events.log.conditions import Condition, one_line
from trainer.events.log.formats import Columns, Place, several
from trainer.events.log.numbers import can_weigh, read_numbers, why_unusable
from trainer.events.log.opening import open_log
from trainer.events.log.sources import Source
from trainer.events.log.times import (
    TimeRule,
    as_numbers,
    can_hold_times,
    is_number,
    missing,
    unit_of,
)

# The roles a column can have, which are the column names of the table of events.
SESSION, USER, ITEM, TIME, EVENT, TITLE = "session", "user", "item", "time", "event", "title"
WEIGHT = "weight"
METADATA_PREFIX = "metadata:"
TEXT = (SESSION, USER, ITEM, EVENT, TITLE)
EVENTS_AT_ONCE = 500_000

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Events:
    """A piece of a log: events that passed the filter.

    Attributes:
        table: the column item (str), and those of session, user and event (str), time (datetime),
            weight (number), title and metadata that the log has; in file order.
        read: the number of events before the filter.
        time_unit: what the numbers of the time column count since 1970; None if it holds none.
        notes: remarks for people on how its file was read.
    """

    table: pl.DataFrame
    read: int
    time_unit: TimeUnit | None = None
    notes: tuple[str, ...] = ()


def read_events(config: DataConfig) -> Iterator[Events]:
    """Reads the files, or a table in memory, maps the columns and applies the filter.

    Raises:
        EventLogError: naming the path, column, condition or row that cannot be used.
    """
    read = passed = 0
    with ExitStack() as copies:
        sources = open_log(config, copies)
        reader = _Reader(config, sources[0].format.fixed)
        if reader.guesses:
            reader.guess_unit(sources)
        for source in sources:
            for piece in reader.read(source):
                read += piece.read
                passed += piece.table.height
                yield piece
    log = several([source.name for source in sources])
    if read == 0:
        raise EventLogError(f"{log}: the event log is empty")
    if passed == 0:
        raise EventLogError(f"{log}: none of {read:,} events meets the condition {config.where!r}")


class _Piece(NamedTuple):
    """A piece of a file, whether its times are numbers, and the condition for its columns."""

    table: pl.DataFrame
    numbers: bool
    met: pl.Expr | None


class _Reader:
    """Reads files of one format into tables of the same columns."""

    def __init__(self, config: DataConfig, fixed: tuple[str, ...]) -> None:
        self._roles = {name: name for name in fixed} or _roles(config)
        if SESSION not in self._roles and USER not in self._roles:
            raise EventLogError("name the `session` column, or `user` and `time` to cut sessions")
        self._time = self._roles.get(TIME)
        self._rule = TimeRule(config.time_format, config.time_unit or "s")
        self._condition = Condition(config.where) if config.where else None
        self.guesses = self._time is not None and not (config.time_format or config.time_unit)

    def guess_unit(self, sources: list[Source]) -> None:
        """Infers the unit of the time column from the largest number in all files."""
        sizes = [size for each in sources for size in self._largest_times(each) if size is not None]
        if not sizes:
            return
        try:
            self._rule = TimeRule(unit=unit_of(max(sizes)), guessed=True)
        except ValueError as error:
            log = several([source.name for source in sources])
            raise EventLogError(f"{log}: column {self._time!r}: {error}") from None

    def read(self, source: Source) -> Iterator[Events]:
        """The events of a file, piece by piece."""
        path, format = source.path, source.format
        with self._errors(source):
            row, checked = 1, False
            for rows in format.scan(path, self._columns()):
                numbers, met = self._begin(rows, path)
                marks = format.marks(rows.collect_schema().names())
                for piece in rows.select(*self._columns().names(), *marks).collect_batches(
                    chunk_size=EVENTS_AT_ONCE,
                    engine="streaming",
                    optimizations=pl.QueryOptFlags(projection_pushdown=not format.whole_rows),
                ):
                    if not checked and format.suspicious(piece):
                        format.check_suspicion(path, self._columns())
                        checked = True
                    events = self._events(_Piece(piece, numbers, met), path, row)
                    yield replace(events, notes=source.notes)
                    row += piece.height

    def _largest_times(self, source: Source) -> Iterator[float | None]:
        assert self._time is not None
        with self._errors(source):
            for rows in source.format.scan(source.path, self._columns()):
                numbers, met = self._begin(rows, source.path)
                kind = rows.collect_schema()[self._time]
                if numbers:
                    size = as_numbers(pl.col(self._time), kind == pl.String).abs()
                    events = rows if met is None else _in_utc(rows).filter(met)
                    largest = events.select(pl.when(size.is_finite()).then(size).max())
                    yield largest.collect(engine="streaming").item()
                elif kind.is_temporal():
                    return

    def _begin(self, rows: pl.LazyFrame, path: Place) -> tuple[bool, pl.Expr | None]:
        """Checks the columns.

        The first time of a file decides for all. A condition sees texts of times as datetimes.

        Returns:
            Whether the times are numbers, or texts of numbers; and the condition.
        """
        schema = rows.collect_schema()
        self._check(schema, path)
        numbers = False
        schema = pl.Schema(_in_utc(pl.DataFrame(schema=schema)).schema)
        if self._time is not None:
            kind = schema[self._time]
            numbers = self._rule.format is None and _holds_numbers(rows, self._time, kind)
            if kind == pl.String and not numbers:
                schema[self._time] = pl.Datetime("us")
        if self._condition is None:
            return numbers, None
        try:
            return numbers, self._condition.on(schema)
        except EventLogError as error:
            raise EventLogError(f"{path}: {error}") from None

    def _events(self, piece: "_Piece", path: Place, first_row: int) -> Events:
        """The events of a piece that meet the condition, by their roles."""
        table, numbers, _ = piece
        kept, times = self._kept(piece, path)
        columns: list[pl.Expr | pl.Series] = [
            _as_role(role, column, table.schema[column])
            for role, column in self._roles.items()
            if role not in (TIME, WEIGHT)
        ]
        read: dict[str, pl.Series] = {}
        if self._time is not None and times is not None:
            read[TIME] = times
        if WEIGHT in self._roles:
            read[WEIGHT] = read_numbers(table[self._roles[WEIGHT]])
        for role, values in read.items():
            raw = table[self._roles[role]]
            unread = values.is_null() & ~missing(raw)
            row = next(iter((unread if kept is None else unread & kept).arg_true()), None)
            if row is not None:
                reason = (
                    why_unusable if role == WEIGHT else partial(self._rule.problem, numbers=numbers)
                )
                raise EventLogError(
                    f"{path}: row {first_row + row:,}: column {raw.name!r}: {reason(raw[row])}"
                )
            columns.append((values if kept is None else values.filter(kept)).alias(role))
        events = table if kept is None else table.filter(kept)
        return Events(events.select(columns), table.height, self._rule.unit if numbers else None)

    def _kept(self, piece: "_Piece", path: Place) -> tuple[pl.Series | None, pl.Series | None]:
        """Which events meet the condition, None for all; and the times, None without."""
        table, numbers, met = piece
        times, visible = None, table
        if self._time is not None:
            raw = table.get_column(self._time)
            times = self._rule.read(raw, numbers)
            if raw.dtype == pl.String and not numbers:
                visible = table.with_columns(times.alias(self._time))
        if self._condition is None or met is None:
            return None, times
        try:
            return self._condition.met(met, _in_utc(visible)), times
        except EventLogError as error:
            raise EventLogError(f"{path}: {error}") from None

    @contextmanager
    def _errors(self, source: Source) -> Iterator[None]:
        """Turns errors of polars into our own, which name the bad line if `check` finds it."""
        path = source.path
        with source.named():
            try:
                if isinstance(path, Path) and source.is_file and path.stat().st_size == 0:
                    raise EventLogError(f"{path}: the file is empty")
                yield
            except pl.exceptions.PanicException as error:
                if stopped := _stop_within(error):
                    raise stopped from None
                raise EventLogError(f"{path} is damaged: {one_line(error)}") from None
            except (pl.exceptions.PolarsError, OSError) as error:
                if not getattr(error, "errno", None):  # with one, the file itself cannot be read
                    source.format.check(path, self._columns())
                reason = getattr(error, "strerror", None) or one_line(error)
                raise EventLogError(f"{path}: {reason}") from None

    def _columns(self) -> Columns:
        ids = {column for role, column in self._roles.items() if role in TEXT}
        in_condition = frozenset[str]() if self._condition is None else self._condition.columns
        values = {*self._roles.values(), *in_condition} - ids
        lists = {c for role, c in self._roles.items() if role.startswith(METADATA_PREFIX)} - ids
        if self._time is None or self._time in ids:
            return Columns(ids, values, lists=lists)
        if self._rule.format is not None:
            return Columns({*ids, self._time}, values - {self._time}, lists=lists)
        return Columns(ids, values - {self._time}, self._time, lists)

    def _check(self, schema: pl.Schema, path: Place) -> None:
        for role, column in self._roles.items():
            if column not in schema:
                raise EventLogError(
                    f"{path} has no column {column!r} (named as `{role.partition(':')[0]}`); "
                    f"it has: {', '.join(map(repr, schema))}{_remedy(schema.names())}"
                )
            kind = schema[column]
            if kind.is_nested() and not (role.startswith(METADATA_PREFIX) and _is_list(kind)):
                raise EventLogError(
                    f"{path}: column {column!r} holds {kind}, not one value per row"
                )
            if role == TIME and not can_hold_times(kind):
                raise EventLogError(f"{path}: column {column!r} holds {kind}, not times")
            if role == WEIGHT and not can_weigh(kind):
                raise EventLogError(f"{path}: column {column!r} holds {kind}, not numbers")


def _is_list(kind: pl.DataType) -> bool:
    """Whether it is a list of values, which are no lists themselves."""
    return isinstance(kind, pl.List | pl.Array) and not kind.inner.is_nested()


def _stop_within(panic: BaseException) -> BaseException | None:
    """The stop of the program that polars met in a call of Python, and took for its own fault."""
    if "KeyboardInterrupt" in str(panic):
        return KeyboardInterrupt()
    return SystemExit(128 + signal.SIGTERM) if "SystemExit" in str(panic) else None


def _remedy(names: list[str]) -> str:
    """What to do where the names of columns look like values."""
    if len(names) == 1 and re.search(r"[\t;|,]|::", names[0]):
        return "; is that one column, or is `separator` another one?"
    if not any(map(is_number, names)):
        return ""
    return (
        "; if that is an event and the file has no header, name the columns in their order, such "
        'as columns = ["user", "item", ...]'
    )


def _holds_numbers(rows: pl.LazyFrame, column: str, kind: pl.DataType) -> bool:
    if kind != pl.String:
        return kind.is_numeric()
    texts = rows.select(pl.col(column).str.strip_chars()).filter(pl.col(column) != "")
    first = texts.head(1).collect(engine="streaming")
    return first.height == 1 and is_number(first.item())


def _in_utc(table: Frame) -> Frame:
    """The table, with times in UTC and without a zone: a condition compares them with such."""
    zoned = cs.datetime(time_zone="*")
    return table.with_columns(zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None))


def _roles(config: DataConfig) -> dict[str, str]:
    columns = {
        ITEM: config.item,
        SESSION: config.session,
        USER: config.user,
        TIME: config.time,
        EVENT: config.event,
        WEIGHT: config.weight,
        TITLE: config.title,
    }
    metadata = {METADATA_PREFIX + name: name for name in config.metadata}
    return {role: column for role, column in columns.items() if column} | metadata


def _as_role(role: str, column: str, kind: pl.DataType) -> pl.Expr:
    """Ids and titles as text, metadata as types that JSON has; an empty value is missing."""
    value = pl.col(column)
    if role == TIME:
        return value.alias(role)
    if isinstance(kind, pl.List | pl.Array):
        return _as_list(value, kind).alias(role)
    if kind.is_float():
        value = pl.when(value.is_finite()).then(value)
    if role not in TEXT and (kind.is_float() or kind.is_integer() or kind == pl.Boolean):
        return value.alias(role)
    text = value.cast(pl.String)
    if kind.is_float():
        whole = value.cast(pl.Int64, strict=False)  # of whole numbers with gaps: 17850.0 is 17850
        text = pl.when(whole == value).then(whole.cast(pl.String)).otherwise(text)
    return pl.when(text != "").then(text).alias(role)


def _as_list(value: pl.Expr, kind: pl.List | pl.Array) -> pl.Expr:
    """A list with elements of types that JSON has."""
    if kind.inner == pl.Null:
        return value.cast(pl.List(pl.String))
    plain = kind.inner == pl.Boolean or kind.inner.is_integer() or kind.inner.is_float()
    return value.cast(pl.List(kind.inner if plain else pl.String))
