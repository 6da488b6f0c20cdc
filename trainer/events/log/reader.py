"""Reads and filters event logs piece by piece."""

import glob
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from service.model.errors import EventLogError
from trainer.config.sections import DataConfig, TimeUnit
from trainer.events.log.conditions import check_condition, one_line, parse_condition, quote
from trainer.events.log.formats import Columns, several
from trainer.events.log.frames import FrameConfig
from trainer.events.log.sources import STANDARD_INPUT, Source, open_sources
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
METADATA_PREFIX = "metadata:"
TEXT = (SESSION, USER, ITEM, EVENT, TITLE)
EVENTS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Events:
    """A piece of a log: events that passed the filter.

    Attributes:
        table: the column item (str), and those of session, user and event (str), time (datetime),
            title and metadata that the log has; in file order.
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


def open_log(config: DataConfig, copies: ExitStack) -> list[Source]:
    """The files of a log, or its table in memory.

    Args:
        config: where it is.
        copies: keeps copies of what cannot be read as it is; they vanish when it is closed.

    Raises:
        EventLogError: a file is missing, of an unknown kind, or of another kind than the others.
    """
    if isinstance(config, FrameConfig):
        return [config.source()]
    return open_sources(find_files(config.paths), config, copies)


def find_files(patterns: list[str]) -> list[Path]:
    """The files that paths and globs match, each file once, sorted within each glob.

    Raises:
        EventLogError: no path was given, one is a directory, or one matches no file.
    """
    if not patterns:
        raise EventLogError("no event log is named: set `paths` in [data], or give --paths")
    selected: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if path == STANDARD_INPUT:
            selected.append(path)
            continue
        if path.is_dir():
            raise EventLogError(f"{path} is a directory: name its files, such as {path}/*.parquet")
        matches = [pattern] if path.exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207
        files = sorted(match for match in map(Path, matches) if not match.is_dir())
        if not files:
            raise EventLogError(f"there is no file {pattern}")
        selected.extend(files)
    first_names = {path.resolve(): path for path in reversed(selected)}
    return [path for path in dict.fromkeys(selected) if first_names[path.resolve()] == path]


class _Reader:
    """Reads files of one format into tables of the same columns."""

    def __init__(self, config: DataConfig, fixed: tuple[str, ...]) -> None:
        self._roles = {name: name for name in fixed} or _roles(config)
        if SESSION not in self._roles and USER not in self._roles:
            raise EventLogError("name the `session` column, or `user` and `time` to cut sessions")
        self._time = self._roles.get(TIME)
        self._rule = TimeRule(config.time_format, config.time_unit or "s")
        self._where = config.where or ""
        self._condition = parse_condition(self._where) if self._where else None
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
                numbers = self._begin(rows, path)
                marks = format.marks(rows.collect_schema().names())
                for piece in rows.select(*self._columns().names(), *marks).collect_batches(
                    chunk_size=EVENTS_AT_ONCE,
                    engine="streaming",
                    optimizations=pl.QueryOptFlags(projection_pushdown=not format.whole_rows),
                ):
                    if not checked and format.suspicious(piece):
                        format.check_suspicion(path, self._columns())
                        checked = True
                    events = self._events(piece, numbers, path, row)
                    yield replace(events, notes=source.notes)
                    row += piece.height

    def _largest_times(self, source: Source) -> Iterator[float | None]:
        assert self._time is not None
        with self._errors(source):
            for rows in source.format.scan(source.path, self._columns()):
                if self._begin(rows, source.path):
                    text = rows.collect_schema()[self._time] == pl.String
                    size = as_numbers(pl.col(self._time), text).abs()
                    events = rows if self._condition is None else rows.filter(self._condition)
                    largest = events.select(pl.when(size.is_finite()).then(size).max())
                    yield largest.collect(engine="streaming").item()

    def _begin(self, rows: pl.LazyFrame, path: Path) -> bool:
        """Checks the columns; returns whether the times are numbers, or texts of numbers.

        The first time of a file decides for all. A condition sees other texts as datetimes.
        """
        schema = rows.collect_schema()
        self._check(schema, path)
        numbers = False
        if self._time is not None:
            kind = schema[self._time]
            numbers = self._rule.format is None and _holds_numbers(rows, self._time, kind)
            if kind == pl.String and not numbers:
                schema[self._time] = pl.Datetime("us")
        if self._condition is not None:
            try:
                check_condition(self._condition, schema)
            except ValueError as error:
                raise EventLogError(f"{path}: where = {quote(self._where)}: {error}") from None
        return numbers

    def _events(self, piece: pl.DataFrame, numbers: bool, path: Path, first_row: int) -> Events:
        """The events of a piece that meet the condition, by their roles."""
        visible = piece
        if self._time is not None:
            raw_times = piece.get_column(self._time)
            times = self._rule.read(raw_times, numbers)
            if raw_times.dtype == pl.String and not numbers:
                visible = piece.with_columns(times.alias(self._time))
        kept = None if self._condition is None else _meets(self._condition, visible)
        columns: list[pl.Expr | pl.Series] = [
            _as_role(role, column, piece.schema[column])
            for role, column in self._roles.items()
            if role != TIME
        ]
        if self._time is not None:
            row = _first_unread(raw_times, times, kept)
            if row is not None:
                raise EventLogError(
                    f"{path}: row {first_row + row:,}: column {self._time!r}: "
                    f"{self._rule.problem(raw_times[row], numbers)}"
                )
            columns.append((times if kept is None else times.filter(kept)).alias(TIME))
        events = piece if kept is None else piece.filter(kept)
        return Events(events.select(columns), piece.height, self._rule.unit if numbers else None)

    @contextmanager
    def _errors(self, source: Source) -> Iterator[None]:
        """Turns errors of polars into our own, which name the bad line if `check` finds it."""
        path = source.path
        with source.named():
            try:
                if source.is_file and path.stat().st_size == 0:
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
        in_condition = [] if self._condition is None else self._condition.meta.root_names()
        values = {*self._roles.values(), *in_condition} - ids
        lists = {c for role, c in self._roles.items() if role.startswith(METADATA_PREFIX)} - ids
        if self._time is None or self._time in ids:
            return Columns(ids, values, lists=lists)
        if self._rule.format is not None:
            return Columns({*ids, self._time}, values - {self._time}, lists=lists)
        return Columns(ids, values - {self._time}, self._time, lists)

    def _check(self, schema: pl.Schema, path: Path) -> None:
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


def _first_unread(raw_times: pl.Series, times: pl.Series, kept: pl.Series | None) -> int | None:
    """The first row that is kept and has a time that could not be read."""
    if not times.has_nulls():
        return None
    unread = times.is_null() & ~missing(raw_times)
    return next(iter((unread if kept is None else unread & kept).arg_true()), None)


def _meets(condition: pl.Expr, events: pl.DataFrame) -> pl.Series:
    """Whether each event meets a condition, be it a constant: bool [events]."""
    answers = events.select(condition.alias("met"), pl.int_range(pl.len()).alias("row"))
    return answers.get_column("met").fill_null(False)


def _roles(config: DataConfig) -> dict[str, str]:
    columns = {
        ITEM: config.item,
        SESSION: config.session,
        USER: config.user,
        TIME: config.time,
        EVENT: config.event,
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
