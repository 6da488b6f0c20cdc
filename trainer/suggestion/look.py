"""The first rows of a file, and the settings that it takes to read them."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from service.model.errors import EventLogError
from trainer.config.addresses import looks_like_address
from trainer.config.data import DataConfig, Kind
from trainer.events.log.dialect import Dialect, guess_dialect, rows_of
from trainer.events.log.formats import Columns, Place, Scan
from trainer.events.log.lines import open_plain
from trainer.events.log.sources import CONVERT, KINDS, MARKS, UNPACK, kind_of, open_sources
from trainer.events.log.times import is_number

FIRST_ROWS = 100_000
SAMPLE_BYTES = 1 << 20
MOST_BYTES = 1 << 28  # whose encoding is looked at
SAMPLE_LINES = 500
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


@dataclass
class Look:
    """What a look at a file finds.

    Attributes:
        path: the file.
        kind: of the file.
        rows: its first rows; columns that are numbers, times or texts.
        settings: of the section `data`, by name, that reading it takes.
        reasons: why, by the name of the setting.
        has_header: whether it names its columns; else they are `column_1`, `column_2`, ...
    """

    path: Path
    kind: Kind = "csv"
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    settings: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    has_header: bool = True

    def set(self, name: str, value: object, reason: str) -> None:
        """Notes a setting, and why."""
        self.settings[name], self.reasons[name] = value, reason


def look_at(path: Path) -> Look:
    """Looks at the first 100,000 rows of a file.

    Raises:
        EventLogError: it cannot be read, or holds no row.
    """
    look = Look(path)
    if looks_like_address(str(path)):
        raise EventLogError(
            "suggest looks at files, not at a database: write its address as `paths` by hand"
        )
    if str(path) == "-":
        raise EventLogError("suggest looks at files: save standard input in one first")
    if not path.is_file():
        raise EventLogError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise EventLogError(f"{path}: the file is empty")
    look.kind = _kind(look)
    if look.kind != "parquet":
        encoding = _find_encoding(look)
        if look.kind == "txt" or "format" in look.settings:
            look.kind = _find_kind(look, look.kind, encoding)
        if look.kind == "csv":
            _find_dialect(look, _lines(path, encoding))
    look.rows = _first_rows(look)
    if look.rows.is_empty():
        raise EventLogError(f"{path}: the event log is empty")
    return look


def _kind(look: Look) -> Kind:
    """The kind by the ending; where that says nothing, by the first bytes."""
    ending = Path(look.path.name.lower().removesuffix(".gz")).suffix
    if ending in KINDS:
        return KINDS[ending]
    if ending in (*UNPACK, *CONVERT):
        kind_of(look.path, DataConfig(session="-"))  # tells what to do
    with open_plain(look.path) as file:
        begin = file.read(64)
    kind: Kind = "csv"
    if begin.startswith(b"PAR1"):
        kind = "parquet"
    elif begin.lstrip().startswith(b"{"):
        kind = "jsonl"
    look.set("format", kind, "the name of the file does not tell, its content does")
    return kind


def _find_kind(look: Look, kind: Kind, encoding: str) -> Kind:
    """Whether a text has columns, or a session a line."""
    lines = _lines(look.path, encoding)
    separator = guess_dialect(lines, DataConfig(session="-"), usual=" ").separator
    rows = rows_of(lines, Dialect(separator, len(separator) == 1))
    columns = len(rows[0]) if rows else 0
    has_columns = separator != " " and columns > 1 and {len(row) for row in rows} == {columns}
    if kind == "txt" and has_columns:
        look.set("format", "csv", f"every line has {columns} columns")
        return "csv"
    if kind == "csv" and not has_columns:
        look.set("format", "txt", "lines have no columns: a session a line")
        return "txt"
    return kind


def _lines(path: Path, encoding: str) -> list[str]:
    with open_plain(path) as file:
        text = file.read(SAMPLE_BYTES).decode(encoding, errors="ignore").removeprefix("\ufeff")
    lines = text.split("\n")
    whole = lines[:-1] if len(text) > SAMPLE_BYTES // 4 else lines
    return [line + "\n" for line in whole[:SAMPLE_LINES] if line]


def _find_encoding(look: Look) -> str:
    """The encoding of a text: UTF-8 if it is, what its first bytes say, or a guess."""
    try:
        with open_plain(look.path) as file:
            begin = file.read(1000)
        marked = next((name for mark, name in MARKS if begin.startswith(mark)), None)
        if marked:
            return marked
        if b"\0" in begin:
            encoding = "utf-16-be" if begin[:1] == b"\0" else "utf-16-le"
            look.set("encoding", encoding, "every other byte is 0")
            return encoding
        place = _first_not_utf8(look.path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EventLogError(f"{look.path}: damaged: {error}") from None
    if place is None:
        return "utf-8"
    try:
        encoding, shown = "cp1252", place.decode("cp1252")
    except UnicodeDecodeError:
        encoding, shown = "latin-1", place.decode("latin-1")
    look.set(
        "encoding", encoding, f"a guess, since the file is not UTF-8: is {shown!r} spelled well?"
    )
    return encoding


def _first_not_utf8(path: Path) -> bytes | None:
    """The word around the first bytes that are not UTF-8; None if there is none."""
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    with open_plain(path) as file:
        while read < MOST_BYTES and (data := file.read(SAMPLE_BYTES)):
            read += len(data)
            try:
                decoder.decode(data)
            except UnicodeDecodeError as error:
                text, place = error.object, error.start
                before = re.search(rb"[^\s,;|\"]*$", text[max(0, place - 30) : place])
                after = re.match(rb"[^\s,;|\"]*", text[place : place + 30])
                return (before[0] if before else b"") + (after[0] if after else b"")
    return None


def _find_dialect(look: Look, lines: list[str]) -> None:
    usual = "\t" if ".tsv" in look.path.name.lower() else ","
    dialect = guess_dialect(lines, DataConfig(session="-"), usual)
    if dialect.separator != ",":
        look.set("separator", dialect.separator, "it gives every line equally many columns")
    if not dialect.quoted and len(dialect.separator) == 1:
        look.set("quotes", "none", "quotes do not come in pairs: they are part of the text")
    if dialect.decimal == ",":
        look.set("decimal", ",", "numbers are written as 1,5")
    rows = rows_of(lines, dialect)
    if rows and not _is_header(rows):
        look.has_header = False
        names = [f"column_{number}" for number in range(1, len(rows[0]) + 1)]
        look.set("columns", names, "the first line is an event, not a header")


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: no numbers, no dates, nothing that comes again."""
    first, others = rows[0], rows[1:]
    named = [field for field in first if field]  # an index that pandas wrote has no name
    if not named or any(is_number(name.replace(",", ".")) or DATE.match(name) for name in named):
        return False
    below = zip(*(row for row in others if len(row) == len(first)), strict=True)
    pairs = zip(first, below, strict=False)
    return not any(field and field in column for field, column in pairs)


def _first_rows(look: Look) -> pl.DataFrame:
    config = DataConfig(session="-", **look.settings)
    with ExitStack() as copies:
        [source] = open_sources([look.path], config, copies)
        with source.named():
            try:
                head = _head(source.format.scan, source.path, source.format.fixed)
                return head.drop("", strict=False)
            except pl.exceptions.PolarsError as error:
                source.format.check(source.path, Columns([], []))
                raise EventLogError(f"{look.path}: {error}") from None


def _head(scan: Scan, path: Place, fixed: tuple[str, ...]) -> pl.DataFrame:
    """The first rows by the types that the columns begin with, or else as texts."""
    first = next(scan(path, Columns([], [])), None)
    if first is None:
        return pl.DataFrame()
    names = first.collect_schema().names()
    values = Columns([], [name for name in names if name not in fixed], lists=names)
    texts = Columns(names, [], lists=names)
    try:
        return _collected(scan(path, values))
    except pl.exceptions.PolarsError:
        return _collected(scan(path, texts))


def _collected(pieces: Iterator[pl.LazyFrame]) -> pl.DataFrame:
    return next(pieces).head(FIRST_ROWS).collect(engine="streaming")
