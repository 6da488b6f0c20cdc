"""The files of a log, each with its kind and a copy where it cannot be read as it is."""

import codecs
import gzip
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.model.errors import EventLogError
from trainer.config.data import DataConfig, Kind
from trainer.events.log.delimited import Delimited
from trainer.events.log.dialect import Dialect, guess_dialect, remarks
from trainer.events.log.formats import JSON_LINES, PARQUET, TEXT, Format, Place, several
from trainer.events.log.lines import open_plain
from trainer.events.scratch import Scratch

STANDARD_INPUT = Path("-")
KINDS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".dat": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "txt",
}
FORMATS: dict[Kind, Format] = {"parquet": PARQUET, "jsonl": JSON_LINES, "txt": TEXT}
# What is not read, and what makes it readable.
UNPACK = {
    ".zst": "zstd -dc {} | item2vec train --paths -",
    ".zip": "unzip -p {} | item2vec train --paths -",
    ".bz2": "bzip2 -dc {} | item2vec train --paths -",
    ".xz": "xz -dc {} | item2vec train --paths -",
}
CONVERT = {
    ".json": "one object a line, as .jsonl: jq -c '.[]'",
    ".xlsx": "CSV, which every spreadsheet saves",
    ".xls": "CSV, which every spreadsheet saves",
}
MARKS = (  # the longer ones first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE_LINES = 500
LONGEST_SAMPLE = 1 << 20
BYTES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Source:
    """A file, a table in memory or a database to read.

    Attributes:
        path: what is read: the file itself, or a copy of it; the address of a database.
        name: what messages call it.
        format: how it is read.
        notes: what was guessed of it, for people.
        is_file: whether it has a size on disk.
    """

    path: Place
    name: str
    format: Format
    notes: tuple[str, ...] = ()
    is_file: bool = True

    @contextmanager
    def named(self) -> Iterator[None]:
        """Makes errors name the file, not its copy."""
        try:
            yield
        except EventLogError as error:
            raise EventLogError(str(error).replace(str(self.path), self.name)) from None


def open_sources(paths: list[Path], config: DataConfig, copies: ExitStack) -> list[Source]:
    """Finds out what each file is; copies those that cannot be read as they are.

    Args:
        paths: the files; `-` is standard input.
        config: what is set of them.
        copies: keeps the copies; they vanish when it is closed.

    Raises:
        EventLogError: a kind is unknown, kinds differ, files stand beside standard input, or a
            setting does not fit.
    """
    if STANDARD_INPUT in paths and len(paths) > 1:
        raise EventLogError("standard input is a log of its own: name no files beside it")
    sources = [_Opened(path, config, copies).source() for path in paths]
    kinds = {kind_of(path, config): path for path in paths if path != STANDARD_INPUT}
    if len(kinds) > 1:
        endings = ", ".join(_ending(path) for path in kinds.values())
        raise EventLogError(
            f"{several(paths)}: files of different kinds cannot be mixed: {endings}"
        )
    return sources


def kind_of(path: Path, config: DataConfig) -> Kind:
    """The kind of a file, as it is set or by its ending.

    Raises:
        EventLogError: it is none that can be read.
    """
    ending = _ending(path)
    if ending in UNPACK:
        raise EventLogError(
            f"{path}: files that end in {ending} are not read: unpack it, or pipe it: "
            + UNPACK[ending].format(path)
        )
    if config.format:
        return config.format
    if ending in CONVERT:
        raise EventLogError(
            f"{path}: files that end in {ending} are not read: write it as {CONVERT[ending]}"
        )
    if ending not in KINDS:
        raise EventLogError(
            f"{path}: unknown kind of file; known are {', '.join(KINDS)}, all but Parquet also "
            "with .gz; for another ending, set `format`"
        )
    return KINDS[ending]


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


class _Opened:
    """A file on its way to a source.

    Args:
        path: of the file.
        config: what is set of it.
        copies: keeps copies of it.
    """

    def __init__(self, path: Path, config: DataConfig, copies: ExitStack) -> None:
        self._config = config
        self._name = str(path)
        self._path = path
        self._copied: list[Path] = []
        self._copies = copies
        self._scratch = Scratch(config.scratch)
        self._notes: list[str] = []
        self._is_standard_input = path == STANDARD_INPUT
        if self._is_standard_input:
            self._name = "standard input"
            self._spool()

    def source(self) -> Source:
        """Reads the beginning of the file, and copies it if it must be."""
        with self._named(), self._readable():
            kind = self._kind()
            self._check_settings(kind)
            if kind == "parquet":
                return self._source(PARQUET)
            if encoding := self._encoding():
                self._copy(encoding, None)
            self._check_text()
            if kind != "csv":
                return self._source(FORMATS[kind])
            usual = "\t" if _ending(Path(self._name)) == ".tsv" else ","
            dialect = guess_dialect(sample_lines(self._path), self._config, usual)
            self._notes += remarks(dialect, self._config)
            if dialect.delimiter != dialect.separator:
                self._copy("utf-8", dialect)
            return self._source(Delimited(dialect).format())

    def _source(self, format: Format) -> Source:
        return Source(self._path, self._name, format, tuple(self._notes))

    def _kind(self) -> Kind:
        if not self._is_standard_input:
            return kind_of(self._path, self._config)
        kind = self._config.format or self._kind_by_content()
        if self._config.format is None:
            named = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}
            what = named.get(kind, "text with a session a line")
            self._notes.append(f"standard input is read as {what}")
        return kind

    def _kind_by_content(self) -> Kind:
        with open_plain(self._path) as file:
            begin = file.read(64)
        if begin.startswith(b"PAR1"):
            return "parquet"
        if begin.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            return "jsonl"
        return "csv" if self._config.session or self._config.user else "txt"

    def _check_settings(self, kind: Kind) -> None:
        for name in ("separator", "quotes", "decimal", "columns", "encoding"):
            fits = kind == "csv" or (kind != "parquet" and name == "encoding")
            if getattr(self._config, name) and not fits:
                raise EventLogError(
                    f"{self._path}: `{name}` is set, which has no meaning in a file of the kind "
                    f"{kind}: remove it"
                )

    def _encoding(self) -> str | None:
        """The encoding that the file must be read from; None if polars can read it as it is."""
        with open_plain(self._path) as file:
            try:
                begin = file.read(4)
            except (gzip.BadGzipFile, EOFError, zlib.error):
                return None  # found and told where it is read
        marked = next((name for mark, name in MARKS if begin.startswith(mark)), None)
        encoding = self._config.encoding
        if encoding is None:
            if marked:
                self._notes.append(f"{self._name} is {marked.upper()} text, as its first bytes say")
            return marked
        known = codecs.lookup(encoding).name
        return None if known in ("utf-8", "utf-8-sig", "ascii") else encoding

    def _check_text(self) -> None:
        with open_plain(self._path) as file:
            try:
                begin = file.read(1000)
            except (gzip.BadGzipFile, EOFError, zlib.error):
                return  # found and told where it is read
        if b"\0" in begin:
            raise EventLogError(
                f"{self._path}: line {begin[: begin.index(0)].count(10) + 1} is not text in UTF-8; "
                "if it is UTF-16, set encoding = 'utf-16-le' (or -be)"
            )

    def _spool(self) -> None:
        if sys.stdin is None or sys.stdin.isatty():
            raise EventLogError(
                "standard input is a terminal: pipe a log into it, or name a file as `paths`"
            )
        copy = self._new_copy()
        with self._scratch.errors():
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()

    def _copy(self, encoding: str, dialect: Dialect | None) -> None:
        """Copies the file as UTF-8, with a separator of one character."""
        source = self._path
        copy = self._new_copy()
        for text in _texts(source, encoding, dialect):
            with self._scratch.errors():
                copy.write(text.encode())
        with self._scratch.errors():
            copy.flush()

    def _new_copy(self) -> IO[bytes]:
        copy, self._path = self._scratch.readable_file()
        self._copied.append(self._path)
        return self._copies.enter_context(copy)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Makes errors name the file, not one of its copies."""
        try:
            yield
        except EventLogError as error:
            message = str(error)
            for path in sorted(map(str, self._copied), key=len, reverse=True):
                message = message.replace(path, self._name)
            raise EventLogError(message) from None

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EventLogError(f"{self._path}: {error.strerror or error}") from None


def sample_lines(path: Path) -> list[str]:
    """The first lines of a text in UTF-8, plain or gzipped; what is not UTF-8 is replaced."""
    try:
        with open_plain(path) as file:
            text = file.read(LONGEST_SAMPLE)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return []  # found and told where it is read
    lines = text.removeprefix(codecs.BOM_UTF8).split(b"\n")
    whole = lines[:-1] if len(text) == LONGEST_SAMPLE else lines
    return [line.decode(errors="replace") + "\n" for line in whole[:SAMPLE_LINES] if line]


def _texts(path: Path, encoding: str, dialect: Dialect | None) -> Iterator[str]:
    """The text of a file, piece by piece, with whole lines where a dialect is given.

    Raises:
        EventLogError: naming the line that is not of this encoding or cannot be separated.
    """
    number = 1
    for piece in _decoded(path, encoding):
        if dialect is not None:
            if dialect.delimiter in piece:
                line = number + piece[: piece.index(dialect.delimiter)].count("\n")
                raise EventLogError(
                    f"{path}: line {line} has the character \\x1f, which cannot stand in a file "
                    f"whose separator is {dialect.separator!r}"
                )
            yield piece.replace(dialect.separator, dialect.delimiter)
        else:
            yield piece
        number += piece.count("\n")


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    number, rest = 1, ""
    with open_plain(path) as file:
        while True:
            try:
                data = file.read(BYTES_AT_ONCE)
                text = rest + decoder.decode(data, final=not data)
            except UnicodeError as error:
                raise EventLogError(
                    f"{path}: near line {number} it is not {encoding} text "
                    f"({getattr(error, 'reason', error)}): set `encoding`"
                ) from None
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise EventLogError(f"{path}: damaged after line {number - 1}: {error}") from None
            whole = len(text) if not data else text.rfind("\n") + 1
            yield text[:whole].removeprefix("\ufeff") if number == 1 else text[:whole]
            number += text.count("\n", 0, whole)
            rest = text[whole:]
            if not data:
                return
