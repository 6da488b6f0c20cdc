"""Event logs read and filtered: files in, one table of events out."""

import glob
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from service.errors import EventLogError
from trainer.config import DataConfig

# The roles a column can have, which are the column names of the table of events.
SESSION, USER, ITEM, TIME, TITLE = "session", "user", "item", "time", "title"
METADATA_PREFIX = "metadata:"

Scan = Callable[[list[Path], DataConfig], pl.LazyFrame]


@dataclass(frozen=True)
class Events:
    """Events that passed the filter.

    Attributes:
        table: columns item (str), session and user (str, where there are any), time (datetime or
            integer, where there is one), title and metadata (where there are any); in file order.
        read: how many events the files hold.
    """

    table: pl.DataFrame
    read: int


def read_events(config: DataConfig) -> Events:
    """Reads the files, maps the columns and applies the filter.

    Raises:
        EventLogError: naming the path, column, condition or row that cannot be used.
    """
    paths = find_files(config.paths)
    scan = _scanner(paths)
    try:
        events = _collect(scan(paths, config), config, paths)
    except pl.exceptions.PolarsError as error:
        raise EventLogError(f"{_names(paths)}: {_first_line(error)}") from None
    except OSError as error:
        raise EventLogError(
            f"{error.filename or _names(paths)}: {error.strerror or error}"
        ) from None
    if events.read == 0:
        raise EventLogError(f"{_names(paths)}: the event log is empty")
    if events.table.is_empty():
        raise EventLogError(
            f"{_names(paths)}: none of {events.read:,} events meets the condition {config.where!r}"
        )
    return events


def find_files(patterns: list[str]) -> list[Path]:
    """The files that paths and globs name, sorted within each glob.

    Raises:
        EventLogError: nothing was named, or a path or glob matches no file.
    """
    if not patterns:
        raise EventLogError("no event log is named: set `paths` in [data], or give --paths")
    found: list[Path] = []
    for pattern in patterns:
        matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
        if not matches:
            raise EventLogError(f"there is no file {pattern}")
        found.extend(Path(match) for match in matches)
    return found


def _scanner(paths: list[Path]) -> Scan:
    kinds = {_kind(path) for path in paths}
    if len(kinds) > 1:
        raise EventLogError(f"{_names(paths)}: files of different kinds cannot be mixed: {kinds}")
    return SCANNERS[kinds.pop()]


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    for ending in SCANNERS:
        if name.endswith(ending):
            return ending
    raise EventLogError(f"{path}: the kind of file is not known; known: {', '.join(SCANNERS)}")


def _collect(rows: pl.LazyFrame, config: DataConfig, paths: list[Path]) -> Events:
    columns = rows.collect_schema().names()
    roles = _roles(config) if SESSION_LINE not in columns else {}
    for role, column in roles.items():
        if column not in columns:
            raise EventLogError(
                f"{_names(paths)} has no column {column!r} (named as `{role.partition(':')[0]}`); "
                f"it has: {', '.join(columns)}"
            )
    if SESSION_LINE in columns:
        rows = rows.rename({SESSION_LINE: SESSION, ITEM_OF_LINE: ITEM})
    chosen = rows.filter(_condition(config.where)) if config.where else rows
    if roles:
        chosen = chosen.select(_as_role(role, column) for role, column in roles.items())
    read, table = pl.collect_all([rows.select(pl.len()), chosen])
    return Events(table, int(read.item()))


def _roles(config: DataConfig) -> dict[str, str]:
    named = {
        ITEM: config.item,
        SESSION: config.session,
        USER: config.user,
        TIME: config.time,
        TITLE: config.title,
    }
    metadata = {METADATA_PREFIX + name: name for name in config.metadata}
    return {role: column for role, column in named.items() if column} | metadata


def _as_role(role: str, column: str) -> pl.Expr:
    """Ids and titles are strings to the letter; an empty one is missing."""
    if role not in (ITEM, SESSION, USER, TITLE):
        return pl.col(column).alias(role)
    text = pl.col(column).cast(pl.String)
    return pl.when(text != "").then(text).alias(role)


def _condition(where: str) -> pl.Expr:
    try:
        return pl.sql_expr(where)
    except pl.exceptions.PolarsError as error:
        raise EventLogError(f"where = {where!r}: {_first_line(error)}") from None


# Kinds of files

SESSION_LINE, ITEM_OF_LINE = "__session__", "__item__"


def _scan_parquet(paths: list[Path], _: DataConfig) -> pl.LazyFrame:
    return pl.scan_parquet(paths)


def _scan_csv(paths: list[Path], config: DataConfig) -> pl.LazyFrame:
    """Columns that hold ids are never taken for numbers: `007` stays `007`."""
    ids = [config.item, config.session, config.user, config.title]
    strings = {column: pl.String for column in ids if column}
    try:
        header = pl.read_csv(paths[0], n_rows=0).columns
    except pl.exceptions.NoDataError:
        raise EventLogError(f"{paths[0]}: the file is empty") from None
    return pl.scan_csv(
        paths,
        schema_overrides={name: kind for name, kind in strings.items() if name in header},
        infer_schema_length=10_000,
        try_parse_dates=True,
    )


def _scan_json_lines(paths: list[Path], _: DataConfig) -> pl.LazyFrame:
    return pl.scan_ndjson(paths, infer_schema_length=10_000)


def _scan_text(paths: list[Path], _: DataConfig) -> pl.LazyFrame:
    """One session a line, items separated by blanks, oldest first."""
    lines: list[str] = []
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rt", encoding="utf-8") as file:
                lines.extend(file)
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
            raise EventLogError(f"{path}: line {len(lines) + 1} cannot be read: {error}") from None
    split = pl.LazyFrame({ITEM_OF_LINE: lines}).with_columns(
        pl.col(ITEM_OF_LINE).str.strip_chars().str.replace_all(r"\s+", " ").str.split(" ")
    )
    numbered = split.with_row_index(SESSION_LINE).with_columns(pl.col(SESSION_LINE).cast(pl.String))
    return numbered.explode(ITEM_OF_LINE).filter(pl.col(ITEM_OF_LINE) != "")


SCANNERS: dict[str, Scan] = {
    ".parquet": _scan_parquet,
    ".csv": _scan_csv,
    ".jsonl": _scan_json_lines,
    ".ndjson": _scan_json_lines,
    ".txt": _scan_text,
}


def _names(paths: list[Path]) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
