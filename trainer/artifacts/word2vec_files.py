r"""Reads word2vec files, text and binary.

    word2vec         text: `<rows> <columns>\n`, then a row `<id> <number> ... <number>\n`
    word2vec-binary  the same header, then a row `<id> ` and its float32 numbers, little-endian

These are the files of word2vec.c and of gensim's `save_word2vec_format`, plain or gzipped.
word2vec.c ends a binary row with `\n` and a text row with ` \n`; both are understood.
"""

import gzip
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.model.errors import InputError
from trainer.events.log.lines import GZIP

Word2VecFormat = Literal["word2vec", "word2vec-binary"]

LONGEST_HEADER = 100  # bytes
LONGEST_ID = 1 << 16  # bytes
CHUNK = 1 << 22  # bytes read, or numbers checked, at a time
BEST_COMPRESSION = 1032  # of gzip
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")  # bytes that no text has


@dataclass(frozen=True, eq=False)
class NamedVectors:
    """The contents of a word2vec file.

    Attributes:
        item_ids: in the order of the file, most frequent first by convention.
        vectors: float32 [items, vector_size].
        format: the format of the file.
    """

    item_ids: list[str]
    vectors: NDArray[np.float32]
    format: Word2VecFormat


def read_vectors(path: Path) -> NamedVectors:
    """Reads a word2vec file, text or binary, plain or gzipped; detects which from its content.

    Needs a few MiB of memory beside the result.

    Raises:
        InputError: the file is missing, empty, truncated or longer than its header says; a row has
            no id, the id of another row, or no finite length. Names the row.
    """
    if not path.is_file():
        raise InputError(f"{path} is a directory" if path.is_dir() else f"there is no file {path}")
    table = None
    try:
        with _open(path) as file:
            rows, columns, start = _read_header(path, file)
            file_format = _recognise(path, file.read(_sample_size(columns)), columns)
            file.seek(start)
            table = _Table(path, file_format, np.empty((rows, columns), np.float32))
            READERS[file_format](file, table)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        row = len(table.rows) if table else 0
        raise InputError(f"{path}: damaged after row {row}: {error}") from None
    table.check_lengths()
    return NamedVectors(list(table.rows), table.vectors, file_format)


@dataclass
class _Table:
    """A file while it is being read.

    Attributes:
        path: the file.
        format: the format it is read as.
        vectors: float32 [rows, columns], to be filled.
        rows: the row of each id so far, counted from 1.
    """

    path: Path
    format: Word2VecFormat
    vectors: NDArray[np.float32]
    rows: dict[str, int] = field(default_factory=dict)

    def error(self, row: int, reason: str) -> InputError:
        return InputError(f"{self.path}: row {row} (read as {self.format}): {reason}")

    def ended(self, row: int) -> InputError:
        return self.error(
            row,
            f"the file ends here, but its header announces {len(self.vectors)} rows: it is "
            "truncated or the header is wrong",
        )

    def add(self, encoded: bytes) -> None:
        """Adds the id of the next row."""
        row = len(self.rows) + 1
        try:
            item_id = encoded.decode()
        except UnicodeDecodeError:
            raise self.error(row, f"the id {encoded[:50]!r} is not UTF-8 text") from None
        if not item_id:
            raise self.error(row, "it has no id")
        if (earlier := self.rows.setdefault(item_id, row)) != row:
            raise self.error(row, f"the id {item_id!r} is that of row {earlier} as well")

    def check_end(self, rest: bytes) -> None:
        """Refuses anything but blank lines after the last row."""
        if rest.strip():
            announced = len(self.vectors)
            raise self.error(announced + 1, f"the header announces only {announced} rows")

    def check_lengths(self) -> None:
        """Refuses vectors without a finite length: NaN, infinite, or too large to be compared."""
        block = max(1, CHUNK // self.vectors.shape[1])
        for start in range(0, len(self.vectors), block):
            part = self.vectors[start : start + block]
            with np.errstate(over="ignore", invalid="ignore"):
                wrong = ~np.isfinite(np.einsum("ij,ij->i", part, part))
            if wrong.any():
                row = start + int(wrong.argmax())
                raise self.error(row + 1, "a number is NaN, infinite or too large")


def _open(path: Path) -> BufferedIOBase:
    with path.open("rb") as file:
        compressed = file.read(len(GZIP)) == GZIP
    return gzip.open(path) if compressed else path.open("rb")


def _read_header(path: Path, file: BufferedIOBase) -> tuple[int, int, int]:
    """Rows, columns, and the length of the header in bytes."""
    line = file.readline(LONGEST_HEADER)
    if not line:
        raise InputError(f"{path}: the file is empty")
    match = re.fullmatch(rb"\s*(\d{1,18})\s+(\d{1,18})\s*\n", line)
    if not match:
        raise InputError(
            f"{path}: row 0 is {line[:50]!r}, expected the header of a word2vec file: the number "
            "of rows and the numbers in a row"
        )
    rows, columns = int(match[1]), int(match[2])
    if rows == 0 or columns == 0:
        raise InputError(f"{path}: the header {line.strip().decode()!r} announces no vectors")
    size = path.stat().st_size * (BEST_COMPRESSION if isinstance(file, gzip.GzipFile) else 1)
    if 2 * rows * columns > size:  # each number in a text takes at least two bytes
        raise InputError(
            f"{path}: row 0, the header, announces {rows} rows of {columns} numbers, more than fit "
            "into the file: it is truncated or the header is wrong"
        )
    return rows, columns, len(line)


def _recognise(path: Path, sample: bytes, columns: int) -> Word2VecFormat:
    """The format of a file by a sample of its first rows, and by its ending if they do not show it.

    A binary row may happen to look like text, most likely if it has a single number. So a file
    named .bin counts as text only if the whole sample is text.
    """
    lines = sample.split(b"\n")
    if path.name.lower().removesuffix(".gz").endswith(".bin"):
        cut = len(sample) == _sample_size(columns)
        rows = [_is_text_row(line, columns) for line in lines[:-1] if line.strip()]
        text = bool(rows) and all(rows) and (cut or not lines[-1].strip())
    else:
        text = _is_text_row(lines[0], columns) or not CONTROL.search(sample)
    return "word2vec" if text else "word2vec-binary"


def _sample_size(columns: int) -> int:
    return LONGEST_ID + 16 * columns


def _is_text_row(line: bytes, columns: int) -> bool:
    _, *numbers = line.rstrip().split(b" ")
    try:
        return len(_parse(numbers)) == columns
    except ValueError:
        return False


def _parse(numbers: list[bytes]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.array(numbers, np.float32)


def _read_text(file: BufferedIOBase, table: _Table) -> None:
    columns = table.vectors.shape[1]
    for row, vector in enumerate(table.vectors, 1):
        line = file.readline(LONGEST_ID + 64 * columns)
        if not line:
            raise table.ended(row)
        item_id, *numbers = line.rstrip().split(b" ")
        table.add(item_id)
        if len(numbers) != columns:
            raise table.error(row, f"it has {len(numbers)} numbers, the header says {columns}")
        if not line.endswith(b"\n"):
            raise table.error(row, "the line has no end: the file is truncated, or append one")
        try:
            vector[:] = _parse(numbers)
        except ValueError as error:
            raise table.error(row, str(error)) from None
    table.check_end(file.read(CHUNK))


def _read_binary(file: BufferedIOBase, table: _Table) -> None:
    rows, columns = table.vectors.shape
    width = 4 * columns
    # The bytes of a row go straight to where they belong.
    target = table.vectors.data.cast("B")
    buffer, start = b"", 0
    for row in range(rows):
        blank = buffer.find(b" ", start)
        while blank < 0 or len(buffer) <= blank + width:
            if blank < 0 and len(buffer) - start > LONGEST_ID:
                raise table.error(row + 1, f"no id ends within {LONGEST_ID} bytes")
            chunk = file.read(CHUNK)
            if not chunk:
                raise table.ended(row + 1)
            buffer, start = buffer[start:] + chunk, 0
            blank = buffer.find(b" ")
        table.add(buffer[start:blank].lstrip(b"\n"))
        start = blank + 1 + width
        target[row * width : (row + 1) * width] = memoryview(buffer)[blank + 1 : start]
    table.check_end(buffer[start:] + file.read(CHUNK))
    if sys.byteorder == "big":
        table.vectors.byteswap(inplace=True)


Reader = Callable[[BufferedIOBase, _Table], None]
READERS: dict[Word2VecFormat, Reader] = {
    "word2vec": _read_text,
    "word2vec-binary": _read_binary,
}
