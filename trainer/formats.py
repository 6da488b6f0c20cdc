"""The kinds of file an event log can be, each as a lazy table of its columns."""

import glob
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from service.errors import EventLogError
from trainer.lines import check_csv, check_json_lines, read_lines

INFERRED_ROWS = 10_000  # that tell the type of a column
LINES_AT_ONCE = 100_000
BYTE_ORDER_MARK = "\ufeff"


class Columns(NamedTuple):
    """What an event log is asked for.

    Attributes:
        ids: columns that are text, whatever they look like: `007` stays `007`.
        values: columns whose type counts: times, metadata, those of the condition.
    """

    ids: Collection[str]
    values: Collection[str]


class Format(NamedTuple):
    """A kind of file.

    Attributes:
        scan: the table of a file, in one or more pieces; polars finds out later what cannot be
            read.
        check: names the line for which polars gave up, where the kind of file has lines.
        fixed: its columns, where they are always the same.
        whole_rows: whether a bad row is found only by looking at every column of it.
    """

    scan: Callable[[Path, Columns], Iterator[pl.LazyFrame]]
    check: Callable[[Path, str], None] = lambda _path, _reason: None
    fixed: tuple[str, ...] = ()
    whole_rows: bool = False


def common_format(paths: list[Path]) -> Format:
    """The format that all files share.

    Raises:
        EventLogError: they do not, or the kind of a file is not known.
    """
    kinds = {FORMATS[_ending(path)]: _ending(path) for path in paths}
    if len(kinds) > 1:
        raise EventLogError(
            f"{names(paths)}: files of different kinds cannot be mixed: {', '.join(kinds.values())}"
        )
    return next(iter(kinds))


def names(paths: list[Path]) -> str:
    """Files as a message names them."""
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _ending(path: Path) -> str:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in FORMATS:
        raise EventLogError(f"{path}: the kind of file is not known; known: {', '.join(FORMATS)}")
    return ending


def _scan_parquet(path: Path, _: Columns) -> Iterator[pl.LazyFrame]:
    yield pl.scan_parquet(path, glob=False)


def _scan_csv(path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
    header = pl.scan_csv(path, infer_schema=False, glob=False).collect_schema().names()
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
        raise EventLogError(f"{path}: columns are separated by {other!r}, expected commas")
    if any("\ufffd" in name for name in header):
        raise EventLogError(f"{path}: line 1 is not UTF-8 text")
    typed = set(columns.values) - set(columns.ids)
    yield pl.scan_csv(
        path,
        schema_overrides={name: pl.String for name in header if name not in typed},
        infer_schema_length=INFERRED_ROWS,
        try_parse_dates=True,
        glob=False,
    )


def _scan_json_lines(path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
    literal = glob.escape(str(path))
    found = pl.scan_ndjson(literal, infer_schema_length=INFERRED_ROWS).collect_schema()
    text = {
        name: pl.String for name in columns.ids if name in found and not found[name].is_nested()
    }
    yield pl.scan_ndjson(literal, schema_overrides=text, infer_schema_length=INFERRED_ROWS)


def _scan_text(path: Path, _: Columns) -> Iterator[pl.LazyFrame]:
    """One session a line, items separated by blanks, oldest first."""
    lines = (line.removeprefix(BYTE_ORDER_MARK) for line in read_lines(path))
    number = 1
    while some := list(islice(lines, LINES_AT_ONCE)):
        table = pl.LazyFrame({"item": some}, schema={"item": pl.String}).select(
            pl.format("{}:{}", pl.lit(str(path)), pl.int_range(number, number + pl.len())).alias(
                "session"
            ),
            pl.col("item").str.strip_chars().str.replace_all(r"\s+", " ").str.split(" "),
        )
        yield table.explode("item").filter(pl.col("item") != "")
        number += len(some)


FORMATS = {
    ".parquet": Format(_scan_parquet),
    ".csv": Format(_scan_csv, check_csv, whole_rows=True),
    ".jsonl": Format(_scan_json_lines, check_json_lines),
    ".ndjson": Format(_scan_json_lines, check_json_lines),
    ".txt": Format(_scan_text, fixed=("session", "item")),
}
