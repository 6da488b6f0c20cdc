"""The file formats of event logs, each read as a lazy table; those with columns: `delimited`."""

import glob
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from trainer.config.addresses import Address
from trainer.events.log.lines import begins_with_mark, check_json_lines, read_lines

INFERRED_ROWS = 10_000  # from which the type of a column is inferred
LINES_AT_ONCE = 100_000


class Columns(NamedTuple):
    """The columns to read from an event log.

    Attributes:
        ids: columns that are text, whatever they look like: `007` stays `007`.
        values: columns that keep their type: metadata, and those of the condition.
        time: a column of times: numbers, or text as it is written.
        lists: those of the values that may hold a list of values: metadata.
    """

    ids: Collection[str]
    values: Collection[str]
    time: str | None = None
    lists: Collection[str] = ()

    def typed(self) -> set[str]:
        """The columns that may be something other than text."""
        return {*self.values, *([self.time] if self.time else [])}

    def names(self) -> set[str]:
        """All columns."""
        return {*self.ids, *self.typed()}


Place = Path | Address  # a file, or a table of a database
Scan = Callable[[Any, Columns], Iterator[pl.LazyFrame]]


class Format(NamedTuple):
    """A kind of file.

    Attributes:
        scan: yields the table of a file in one or more pieces; polars finds rows it cannot read
            only when it collects them.
        check: raises an error that names the first bad line, for files that have lines.
        suspicious: whether a table may hold values that polars misread.
        check_suspicion: then called: as `check`, but may know a quick way to find nothing.
        marks: expressions that `suspicious` needs beside the columns, of all columns' names.
        fixed: its columns, if they are always the same.
        whole_rows: whether a bad row is noticed only if all of its columns are read.
    """

    scan: Scan
    check: Callable[[Any, Columns], None] = lambda _path, _columns: None
    suspicious: Callable[[pl.DataFrame], bool] = lambda _table: False
    check_suspicion: Callable[[Any, Columns], None] = lambda _path, _columns: None
    marks: Callable[[list[str]], list[pl.Expr]] = lambda _names: []
    fixed: tuple[str, ...] = ()
    whole_rows: bool = False


def several(names: Sequence[object]) -> str:
    """How a message names several files, or databases."""
    return str(names[0]) if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _scan_parquet(path: Path, _: Columns) -> Iterator[pl.LazyFrame]:
    yield pl.scan_parquet(path, glob=False)


def _scan_json_lines(path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
    if begins_with_mark(path):
        yield from _scan_marked_json_lines(path, columns)
    else:
        yield _scan_json(glob.escape(str(path)), columns)


def _scan_marked_json_lines(path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
    """Skips the byte order mark, which polars does not understand."""
    lines = read_lines(path)
    while batch := list(islice(lines, LINES_AT_ONCE)):
        yield _scan_json("".join(batch).encode(), columns)


def _scan_json(source: str | bytes, columns: Columns) -> pl.LazyFrame:
    schema = pl.scan_ndjson(source, infer_schema_length=INFERRED_ROWS).collect_schema()
    text = {
        name: pl.String for name in columns.ids if name in schema and not schema[name].is_nested()
    }
    return pl.scan_ndjson(source, schema_overrides=text, infer_schema_length=INFERRED_ROWS)


def _check_json_lines(path: Path, columns: Columns) -> None:
    types = number_types(_scan_json_lines, path, columns)
    check_json_lines(path, columns.names(), columns.lists, types)


def _may_be_misread(table: pl.DataFrame) -> bool:
    """Polars writes a list or an object into a text, and half a character as a NUL."""
    texts = table.select(pl.col(pl.String))
    misread = pl.all().str.contains(r"(?s)^(\{.*\}|\[.*\])$|\x00").any()
    return any(texts.select(misread).row(0)) if texts.width else False


def number_types(scan: Scan, path: Path, columns: Columns) -> dict[str, pl.DataType]:
    """The types of the columns that polars reads as numbers or booleans."""
    try:
        schema = next(scan(path, columns)).collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        return {}
    kinds = {name: schema[name] for name in columns.names() & schema.keys()}
    return {name: kind for name, kind in kinds.items() if kind.is_numeric() or kind == pl.Boolean}


def _scan_text(path: Path, _: Columns) -> Iterator[pl.LazyFrame]:
    """One session per line, items separated by blanks, oldest first."""
    lines = read_lines(path)
    number = 1
    while batch := list(islice(lines, LINES_AT_ONCE)):
        table = pl.LazyFrame({"item": batch}, schema={"item": pl.String}).select(
            pl.format("{}:{}", pl.lit(str(path)), pl.int_range(number, number + pl.len())).alias(
                "session"
            ),
            pl.col("item").str.strip_chars().str.replace_all(r"\s+", " ").str.split(" "),
        )
        yield table.explode("item").filter(pl.col("item") != "")
        number += len(batch)


PARQUET = Format(_scan_parquet)
JSON_LINES = Format(_scan_json_lines, _check_json_lines, _may_be_misread, _check_json_lines)
TEXT = Format(_scan_text, fixed=("session", "item"))
