"""The file formats of event logs (`FORMATS`), each read as a lazy table."""

import csv
import glob
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from service.model.errors import EventLogError
from trainer.config.addresses import Address
from trainer.events.log.lines import begins_with_mark, check_csv, check_json_lines, read_lines
from trainer.events.log.times import ISO_SHAPE

INFERRED_ROWS = 10_000  # from which the type of a column is inferred
LINES_AT_ONCE = 100_000


class Columns(NamedTuple):
    """The columns to read from an event log.

    Attributes:
        ids: columns that are text, whatever they look like: `007` stays `007`.
        values: columns that keep their type: metadata, and those of the condition.
        time: a column of times: numbers, or text as it is written.
    """

    ids: Collection[str]
    values: Collection[str]
    time: str | None = None

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
        suspicious: whether a table may hold values that polars misread and `check` refuses.
        fixed: its columns, if they are always the same.
        whole_rows: whether a bad row is noticed only if all of its columns are read.
    """

    scan: Scan
    check: Callable[[Any, Columns], None] = lambda _path, _columns: None
    suspicious: Callable[[pl.DataFrame], bool] = lambda _table: False
    fixed: tuple[str, ...] = ()
    whole_rows: bool = False


def common_format(paths: list[Path]) -> Format:
    """The format that all files share.

    Raises:
        EventLogError: their formats differ, or one is unknown.
    """
    kinds = {FORMATS[_ending(path)]: _ending(path) for path in paths}
    if len(kinds) > 1:
        raise EventLogError(
            f"{names(paths)}: files of different kinds cannot be mixed: {', '.join(kinds.values())}"
        )
    return next(iter(kinds))


def names(paths: Sequence[Place]) -> str:
    """How a message names several files, or databases."""
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _ending(path: Path) -> str:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in FORMATS:
        raise EventLogError(f"{path}: unknown kind of file; known are {', '.join(FORMATS)}")
    return ending


def _scan_parquet(path: Path, _: Columns) -> Iterator[pl.LazyFrame]:
    yield pl.scan_parquet(path, glob=False)


def _scan_csv(path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
    header = pl.scan_csv(path, infer_schema=False, glob=False).collect_schema().names()
    if len(header) == 1 and (mark := next((sign for sign in ";\t|" if sign in header[0]), None)):
        raise EventLogError(f"{path}: columns are separated by {mark!r}, expected commas")
    if any("\ufffd" in name for name in header):
        raise EventLogError(f"{path}: line 1 is not UTF-8 text")
    counts = Counter(next(csv.reader(read_lines(path)), []))
    if twin := next((name for name in columns.names() if counts[name] > 1), None):
        raise EventLogError(f"{path}: line 1 names the column {twin!r} {counts[twin]} times")
    schema = _csv_schema(
        path, [name for name in header if name not in columns.typed()], columns.time
    )
    rows = pl.scan_csv(path, schema=schema, glob=False)
    yield rows.filter(pl.any_horizontal(pl.all().is_not_null()))  # a blank line is not an event


def _csv_schema(path: Path, texts: Collection[str], time: str | None) -> dict[str, pl.DataType]:
    """Infers types from the first rows; the time, and dates that are not ISO 8601, stay text.

    Polars would read 01/02/2026 with the day first.
    """
    schema = pl.scan_csv(
        path,
        schema_overrides=dict.fromkeys(texts, pl.String),
        infer_schema_length=INFERRED_ROWS,
        try_parse_dates=True,
        glob=False,
    ).collect_schema()
    dates = [name for name, kind in schema.items() if kind.is_temporal()]
    if dates:
        rows = pl.scan_csv(path, infer_schema=False, glob=False).select(dates).head(INFERRED_ROWS)
        iso = rows.select(pl.all().str.contains(ISO_SHAPE).all()).collect().row(0, named=True)
        texts = [name for name in dates if name == time or not iso[name]]
        schema.update(dict.fromkeys(texts, pl.String()))
    return dict(schema)


def _check_csv(path: Path, columns: Columns) -> None:
    check_csv(path, _types(_scan_csv, path, columns))


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
    check_json_lines(path, columns.names(), _types(_scan_json_lines, path, columns))


def _may_be_misread(table: pl.DataFrame) -> bool:
    """Polars writes a list or an object into a text, and half a character as a NUL."""
    texts = table.select(pl.col(pl.String))
    misread = pl.all().str.contains(r"(?s)^(\{.*\}|\[.*\])$|\x00").any()
    return any(texts.select(misread).row(0)) if texts.width else False


def _types(scan: Scan, path: Path, columns: Columns) -> dict[str, pl.DataType]:
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


FORMATS = {
    ".parquet": Format(_scan_parquet),
    ".csv": Format(_scan_csv, _check_csv, whole_rows=True),
    ".jsonl": Format(_scan_json_lines, _check_json_lines, _may_be_misread),
    ".ndjson": Format(_scan_json_lines, _check_json_lines, _may_be_misread),
    ".txt": Format(_scan_text, fixed=("session", "item")),
}
