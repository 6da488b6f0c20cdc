"""Reads text files line by line: slow, but it can name the bad line."""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar, cast

import polars as pl

from service.model.errors import EventLogError

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
ROWS_AT_ONCE = 10_000
CSV_FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
CSV_ROW = re.compile(rf"{CSV_FIELD}(?:,{CSV_FIELD})*[\r\n]*")

T = TypeVar("T")


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 text, plain or gzipped, without a byte order mark.

    Raises:
        EventLogError: naming the line that cannot be read.
    """
    for number, line in enumerate(_raw_lines(path), 1):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise EventLogError(f"{path}: line {number} is not UTF-8 text") from None
        yield text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text


def _raw_lines(path: Path) -> Iterator[bytes]:
    number = 0
    with _open(path) as file:
        try:
            for line in file:
                number += 1
                yield line
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise EventLogError(f"{path}: damaged after line {number}: {error}") from None


def begins_with_mark(path: Path) -> bool:
    """Whether a text, plain or gzipped, has a byte order mark."""
    with _open(path) as file:
        try:
            return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        except (gzip.BadGzipFile, EOFError, zlib.error):
            return False


def check_csv(path: Path, types: Mapping[str, pl.DataType]) -> None:
    """Looks for the first row that is broken, or does not fit the types of its columns.

    Raises:
        EventLogError: naming that row; or the file is empty.
    """
    _check_gzip(path)
    rows = _csv_rows(path)
    header = next(rows, None)
    if header is None:
        raise EventLogError(f"{path}: the file is empty")
    columns = len(header.fields)
    for batch in _batches(row for row in rows if _is_whole(row, columns, path)):
        cells = [dict(zip(header.fields, row.fields, strict=False)) for row in batch]
        _check_types(path, [row.line for row in batch], cells, types)


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


class _Row(NamedTuple):
    line: int
    fields: list[str]
    text: str


def _csv_rows(path: Path) -> Iterator[_Row]:
    row_lines: list[str] = []

    def lines() -> Iterator[str]:
        for line in read_lines(path):
            row_lines.append(line)
            yield line

    line = 1
    try:
        for fields in csv.reader(lines(), strict=True):
            yield _Row(line, fields, "".join(row_lines))
            line += len(row_lines)
            row_lines.clear()
    except csv.Error as error:
        raise EventLogError(f"{path}: the row that begins in line {line}: {error}") from None


def _is_whole(row: _Row, columns: int, path: Path) -> bool:
    if len(row.fields) > columns:
        raise EventLogError(
            f"{path}: line {row.line} has {len(row.fields)} fields, the header has {columns}"
        )
    if not CSV_ROW.fullmatch(row.text):
        raise EventLogError(
            f"{path}: line {row.line} has a quote in a field that is not quoted: write such a "
            'field as "6"" ruler"'
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
) -> None:
    """Refuses rows with a text that does not fit the type of its column, naming the first."""
    misfits = []
    for name, kind in types.items():
        texts = pl.Series([row.get(name) or None for row in cells], dtype=pl.String)
        if kind == pl.Boolean:
            fits = texts.is_in(["true", "false"])
        else:
            fits = texts.cast(kind, strict=False).is_not_null()
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


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if _is_gzip(path) else path.open("rb")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP
