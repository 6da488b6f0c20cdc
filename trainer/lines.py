"""Text files read line by line: slowly, but knowing which line is wrong."""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from service.errors import EventLogError

GZIP = b"\x1f\x8b"


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 text, plain or gzipped.

    Raises:
        EventLogError: naming the line that cannot be read.
    """
    number = 0
    with _open(path) as file:
        try:
            for line in file:
                number += 1
                yield line.decode()
        except UnicodeDecodeError:
            raise EventLogError(f"{path}: line {number} is not UTF-8 text") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise EventLogError(f"{path}: damaged after line {number}: {error}") from None


def check_csv(path: Path, reason: str) -> None:
    """Looks for the row that polars refused for a `reason`.

    Raises:
        EventLogError: naming that row, or because there is none in the file.
    """
    refused = re.search(r"`(.*)` as dtype .*\(column number (\d+)\)", reason, re.DOTALL)
    rows = csv.reader(read_lines(path), strict=True)
    columns = 0
    line = 1
    try:
        for row in rows:
            columns = columns or len(row)
            if len(row) > columns:
                raise EventLogError(
                    f"{path}: line {line} has {len(row)} fields, the header has {columns}"
                )
            if refused and row[int(refused[2]) - 1 :][:1] == [refused[1]]:
                raise EventLogError(f"{path}: line {line}: {reason}")
            line = rows.line_num + 1
    except csv.Error as error:
        raise EventLogError(f"{path}: the row that begins in line {line}: {error}") from None
    if not columns:
        raise EventLogError(f"{path}: the file is empty")


def check_json_lines(path: Path, reason: str) -> None:
    """Looks for the line that polars refused for a `reason`.

    Raises:
        EventLogError: naming that line, or because there is none in the file.
    """
    refused = re.search(r"'(.*)' \(\w+\) as ", reason)
    kinds: dict[str, type] = {}
    empty = True
    for line, text in enumerate(read_lines(path), 1):
        if not text.strip():
            continue
        empty = False
        for name, value in _event(path, line, text).items():
            kind = kinds.setdefault(name, type(value))
            if refused and str(value) == refused[1] and kind is not type(value):
                raise EventLogError(f"{path}: line {line}: {name}: {reason}")
    if empty:
        raise EventLogError(f"{path}: the file is empty")


def _event(path: Path, line: int, text: str) -> dict[str, Any]:
    try:
        event = json.loads(text.rstrip())
    except json.JSONDecodeError as error:
        raise EventLogError(
            f"{path}: line {line} is not JSON: {error.msg} at character {error.pos + 1}"
        ) from None
    if not isinstance(event, dict):
        raise EventLogError(f"{path}: line {line} is not a JSON object; expected one event a line")
    return event


def _open(path: Path) -> AbstractContextManager[Iterable[bytes]]:
    with path.open("rb") as file:
        compressed = file.read(len(GZIP)) == GZIP
    return gzip.open(path) if compressed else path.open("rb")
