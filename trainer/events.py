"""Event logs read and filtered: files in, tables of events out, piece by piece."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from service.errors import EventLogError
from trainer.config import DataConfig
from trainer.formats import Columns, Format, common_format, names
from trainer.times import to_datetime

# The roles a column can have, which are the column names of the table of events.
SESSION, USER, ITEM, TIME, EVENT, TITLE = "session", "user", "item", "time", "event", "title"
METADATA_PREFIX = "metadata:"
TEXT = (SESSION, USER, ITEM, EVENT, TITLE)
EVENTS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Events:
    """A piece of a log: events that passed the filter.

    Attributes:
        table: columns item (str), session, user and event (str, where there are any), time
            (datetime, where there is one), title and metadata (where there are any); in file order.
        read: how many events there were before the filter.
    """

    table: pl.DataFrame
    read: int


def read_events(config: DataConfig) -> Iterator[Events]:
    """Reads the files, maps the columns and applies the filter.

    Raises:
        EventLogError: naming the path, column, condition or row that cannot be used.
    """
    paths = find_files(config.paths)
    reader = _Reader(config, common_format(paths))
    read = passed = 0
    for path in paths:
        for piece in reader.read(path):
            read += piece.read
            passed += piece.table.height
            yield piece
    if read == 0:
        raise EventLogError(f"{names(paths)}: the event log is empty")
    if passed == 0:
        raise EventLogError(
            f"{names(paths)}: none of {read:,} events meets the condition {config.where!r}"
        )


def find_files(patterns: list[str]) -> list[Path]:
    """The files that paths and globs name, each once, sorted within each glob.

    Raises:
        EventLogError: nothing was named, a path is a directory, or nothing is there.
    """
    if not patterns:
        raise EventLogError("no event log is named: set `paths` in [data], or give --paths")
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            raise EventLogError(f"{path} is a directory: name its files, such as {path}/*.parquet")
        matches = [pattern] if path.exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207
        files = sorted(match for match in map(Path, matches) if not match.is_dir())
        if not files:
            raise EventLogError(f"there is no file {pattern}")
        found.extend(files)
    return list(dict.fromkeys(found))


class _Reader:
    """Reads files of one format into tables of the same columns."""

    def __init__(self, config: DataConfig, format: Format) -> None:
        self._format = format
        self._roles = {name: name for name in format.fixed} or _roles(config)
        self._where = config.where
        self._condition = _parse(config.where) if config.where else None

    def read(self, path: Path) -> Iterator[Events]:
        try:
            if path.stat().st_size == 0:
                raise EventLogError(f"{path}: the file is empty")
            for rows in self._format.scan(path, self._columns()):
                yield from self._pieces(rows, path)
        except pl.exceptions.PolarsError as error:
            reason = _sentence(error)
            self._format.check(path, reason)
            raise EventLogError(f"{path}: {reason}") from None
        except pl.exceptions.PanicException as error:
            raise EventLogError(f"{path} is damaged: {_sentence(error)}") from None
        except OSError as error:
            raise EventLogError(f"{path}: {error.strerror or error}") from None

    def _pieces(self, rows: pl.LazyFrame, path: Path) -> Iterator[Events]:
        schema = rows.collect_schema()
        self._check(schema, path)
        roles = [_as_role(role, column, schema[column]) for role, column in self._roles.items()]
        largest_time = self._largest_time(rows, schema)
        ids, values = self._columns()
        for piece in rows.select({*ids, *values}).collect_batches(
            chunk_size=EVENTS_AT_ONCE,
            engine="streaming",
            optimizations=pl.QueryOptFlags(projection_pushdown=not self._format.whole_rows),
        ):
            chosen = piece if self._condition is None else piece.filter(self._condition)
            table = chosen.select(roles)
            if TIME in self._roles:
                times = self._times(table.get_column(TIME), largest_time, path)
                table = table.with_columns(times)
            yield Events(table, piece.height)

    def _largest_time(self, rows: pl.LazyFrame, schema: pl.Schema) -> float | None:
        """The largest time of a file where times are numbers: it tells their unit."""
        if TIME not in self._roles or not schema[self._roles[TIME]].is_numeric():
            return None
        chosen = rows if self._condition is None else rows.filter(self._condition)
        size = pl.col(self._roles[TIME]).cast(pl.Float64).abs().fill_nan(None).max()
        largest: float | None = chosen.select(size).collect(engine="streaming").item()
        return largest

    def _columns(self) -> Columns:
        ids = {column for role, column in self._roles.items() if role in TEXT}
        in_condition = [] if self._condition is None else self._condition.meta.root_names()
        return Columns(ids, {*self._roles.values(), *in_condition} - ids)

    def _check(self, schema: pl.Schema, path: Path) -> None:
        for role, column in self._roles.items():
            if column not in schema:
                raise EventLogError(
                    f"{path} has no column {column!r} (named as `{role.partition(':')[0]}`); "
                    f"it has: {', '.join(map(repr, schema))}"
                )
            if schema[column].is_nested():
                kind = schema[column]
                raise EventLogError(f"{path}: column {column!r} holds {kind}, not one value a row")
        if self._condition is not None:
            self._check_condition(self._condition, schema, path)

    def _check_condition(self, condition: pl.Expr, schema: pl.Schema, path: Path) -> None:
        """Asks it of no event at all."""
        try:
            answer = pl.DataFrame(schema=schema).select(condition).dtypes[0]
        except pl.exceptions.PolarsError as error:
            reason = _sentence(error)
            raise EventLogError(f"{path}: where = {self._where!r}: {reason}") from None
        if answer != pl.Boolean:
            raise EventLogError(f"{path}: where = {self._where!r} is {answer}, not true or false")

    def _times(self, time: pl.Series, largest: float | None, path: Path) -> pl.Series:
        try:
            return to_datetime(time, largest)
        except ValueError as error:
            raise EventLogError(f"{path}: column {self._roles[TIME]!r}: {error}") from None


def _roles(config: DataConfig) -> dict[str, str]:
    named = {
        ITEM: config.item,
        SESSION: config.session,
        USER: config.user,
        TIME: config.time,
        EVENT: config.event,
        TITLE: config.title,
    }
    metadata = {METADATA_PREFIX + name: name for name in config.metadata}
    return {role: column for role, column in named.items() if column} | metadata


def _parse(where: str) -> pl.Expr:
    try:
        return pl.sql_expr(where)
    except pl.exceptions.PolarsError as error:
        raise EventLogError(f"where = {where!r}: {_sentence(error)}") from None


def _as_role(role: str, column: str, kind: pl.DataType) -> pl.Expr:
    """Ids and titles as text, metadata as what JSON knows; what is empty is missing."""
    value = pl.col(column)
    if role == TIME:
        return value.alias(role)
    if kind.is_float():
        value = pl.when(value.is_finite()).then(value)
    if role not in TEXT and (kind.is_float() or kind.is_integer() or kind == pl.Boolean):
        return value.alias(role)
    text = value.cast(pl.String)
    if kind.is_float():
        whole = value.cast(pl.Int64, strict=False)  # numbers with some missing: 17850.0 is 17850
        text = pl.when(whole == value).then(whole.cast(pl.String)).otherwise(text)
    return pl.when(text != "").then(text).alias(role)


def _sentence(error: BaseException) -> str:
    """The first paragraph of what polars has to say, on one line."""
    return " ".join(str(error).strip().partition("\n\n")[0].split())
