"""Reads text files line by line: slow, but it can name the bad line."""

import codecs
import gzip
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import polars as pl

from service.model.errors import EventLogError
from trainer.events.log.dialect import Dialect, QuoteError, Row

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
ROWS_AT_ONCE = 10_000
SHOWN = 40  # characters of a line that a message shows

T = TypeVar("T")


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 text, plain or gzipped, without a byte order mark.

    Raises:
        EventLogError: naming the line that cannot be read.
    """
    for number, line in enumerate(_raw_lines(path), 1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise EventLogError(f"{path}: line {number} {_not_utf8(line, error.start)}") from None
        yield text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text


def _not_utf8(line: bytes, place: int) -> str:
    """What is wrong with a line, and how it would read as what is most often meant."""
    if b"\0" in line:
        return "is not UTF-8 text: if it is UTF-16, set encoding = 'utf-16'"
    around = line[max(0, place - SHOWN // 2) : place + SHOWN // 2]
    try:
        shown = around.decode("cp1252").strip()
    except UnicodeDecodeError:
        return "is not UTF-8 text: set `encoding` to what the file was written in"
    return (
        "is not UTF-8 text: set `encoding` to what the file was written in; with 'cp1252' (Windows "
        f"in Western Europe, America) the line would read {shown!r}"
    )


def _raw_lines(path: Path) -> Iterator[bytes]:
    number = 0
    with open_plain(path) as file:
        try:
            for line in file:
                number += 1
                yield line
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise EventLogError(f"{path}: damaged after line {number}: {error}") from None


def begins_with_mark(path: Path) -> bool:
    """Whether a text, plain or gzipped, has a byte order mark."""
    with open_plain(path) as file:
        try:
            return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        except (gzip.BadGzipFile, EOFError, zlib.error):
            return False


def check_csv(path: Path, types: Mapping[str, pl.DataType], dialect: Dialect) -> None:
    """Looks for the first row that is broken, or does not fit the types of its columns.

    Raises:
        EventLogError: naming that row; or the file is empty.
    """
    _check_gzip(path)
    rows = csv_rows(path, dialect)
    names = dialect.columns
    if not names:
        header = next(rows, None)
        if header is None:
            raise EventLogError(f"{path}: the file is empty")
        names = tuple(header.fields)
    whole = (row for row in rows if _is_whole(row, len(names), path, dialect))
    for batch in _batches(whole):
        cells = [dict(zip(names, row.fields, strict=True)) for row in batch]
        _check_types(path, [row.line for row in batch], cells, types, dialect.decimal)


def check_json_lines(
    path: Path,
    columns: Collection[str],
    lists: Collection[str],
    types: Mapping[str, pl.DataType],
) -> None:
    """Looks for the first line that is broken, or does not fit the types of its columns.

    Raises:
        EventLogError: naming that line; or the file is empty.
    """
    _check_gzip(path)
    events = (
        (line, _event(path, line, text, {*columns} - {*lists}))
        for line, text in enumerate(read_lines(path), 1)
        if text.strip()
    )
    empty = True
    for batch in _batches(events):
        empty = False
        cells = [
            {name: _text(event[name]) for name in types if event.get(name) is not None}
            for _, event in batch
        ]
        _check_types(path, [line for line, _ in batch], cells, types)
    if empty:
        raise EventLogError(f"{path}: the file is empty")


def _check_gzip(path: Path) -> None:
    """Reads a compressed file to its end: what comes before the damage may be garbage."""
    if _is_gzip(path):
        for _ in _raw_lines(path):
            pass


def csv_rows(path: Path, dialect: Dialect) -> Iterator[Row]:
    """The rows of a file, its header included.

    Raises:
        EventLogError: naming a line that cannot be read, or whose quotes do not come in pairs.
    """
    try:
        yield from dialect.rows(read_lines(path))
    except QuoteError as error:
        raise EventLogError(
            f"{path}: the row that begins in line {error.line}: {error} (if quotes have no meaning "
            "in this file, set quotes = 'none')"
        ) from None


def _is_whole(row: Row, columns: int, path: Path, dialect: Dialect) -> bool:
    """Whether a row holds an event; a row without any value is a blank line."""
    if len(row.fields) < columns and not any(row.fields):
        return False
    if len(row.fields) != columns:
        number = f"{len(row.fields)} field" + "s" * (len(row.fields) != 1)
        of = "`columns` names" if dialect.columns else "the header has"
        raise EventLogError(f"{path}: line {row.line} has {number}, {of} {columns}")
    if not dialect.is_well_quoted(row.text):
        raise EventLogError(
            f"{path}: line {row.line} has a quote in a field that is not quoted: write such a "
            'field as "6"" ruler", or set quotes = \'none\' if quotes have no meaning in this file'
        )
    return True


def _event(path: Path, line: int, text: str, columns: Collection[str]) -> dict[str, Any]:
    try:
        event = json.loads(text.rstrip(), parse_constant=_refuse_constant)
        json.dumps(event, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise EventLogError(
            f"{path}: line {line} is not JSON: {error.msg} at character {error.pos + 1}"
        ) from None
    except UnicodeEncodeError:
        raise EventLogError(
            f"{path}: line {line} is not text: it escapes one half of a character (\\ud800 to "
            "\\udfff) without the other"
        ) from None
    except ValueError as error:
        raise EventLogError(f"{path}: line {line} is not JSON: {error}") from None
    except RecursionError:
        raise EventLogError(f"{path}: line {line} is nested too deeply") from None
    if not isinstance(event, dict):
        raise EventLogError(
            f"{path}: line {line} is not a JSON object; expected one event per line"
        )
    nested = next((name for name in columns if isinstance(event.get(name), dict | list)), None)
    if nested is not None:
        raise EventLogError(
            f"{path}: line {line}: column {nested!r} holds a list or an object, not one value"
        )
    return event


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON; write null")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check_types(
    path: Path,
    lines: list[int],
    cells: list[dict[str, str]],
    types: Mapping[str, pl.DataType],
    decimal: str = ".",
) -> None:
    """Refuses rows with a text that does not fit the type of its column, naming the first."""
    misfits = []
    for name, kind in types.items():
        texts = pl.Series([row.get(name) or None for row in cells], dtype=pl.String)
        if kind == pl.Boolean:
            fits = texts.is_in(["true", "false"])
        else:
            numbers = texts
            if decimal == ",":
                numbers = texts.str.replace_all(".", "?", literal=True).str.replace(",", ".")
            fits = numbers.cast(kind, strict=False).is_not_null()
        misfits += [(row, name) for row in (texts.is_not_null() & ~fits).arg_true().head(1)]
    if misfits:
        row, name = min(misfits)
        raise EventLogError(
            f"{path}: line {lines[row]}: {cells[row][name]!r} in column {name!r} is not "
            f"{types[name]}, the type the column begins with"
        )


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch


def open_plain(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked if it is gzipped."""
    return cast(IO[bytes], gzip.open(path)) if _is_gzip(path) else path.open("rb")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP
