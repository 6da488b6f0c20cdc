"""How the columns of a text file are written."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

from trainer.config.data import DataConfig

SEPARATORS = (",", "\t", "::", ";", "|")
NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars", " ": "blanks"}
# Stands for a separator of several characters, which neither polars nor csv can read.
UNIT_SEPARATOR = "\x1f"
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


class Row(NamedTuple):
    """A row of a file with columns.

    Attributes:
        line: the line in which it begins.
        fields: without quotes.
        text: as it is written.
    """

    line: int
    fields: list[str]
    text: str


class QuoteError(ValueError):
    """The quotes of a row do not come in pairs; `line` is the one in which it begins."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Dialect:
    """How columns are separated, quoted and named.

    Attributes:
        separator: one character or several.
        quoted: whether fields may stand in double quotes.
        decimal: the decimal sign of numbers.
        columns: the names of the columns if the first line is no header.
    """

    separator: str = ","
    quoted: bool = True
    decimal: str = "."
    columns: tuple[str, ...] = ()

    @property
    def delimiter(self) -> str:
        """The one byte that separates columns when the file is read."""
        return self.separator if len(self.separator.encode()) == 1 else UNIT_SEPARATOR

    def rows(self, lines: Iterable[str]) -> Iterator[Row]:
        """The rows of a text.

        Raises:
            QuoteError: the quotes of a row do not come in pairs.
        """
        row_lines: list[str] = []

        def noted() -> Iterator[str]:
            for line in lines:
                row_lines.append(line)
                yield line

        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        number = 1
        try:
            for fields in csv.reader(
                noted(), delimiter=self.delimiter, quoting=quoting, strict=True
            ):
                yield Row(number, fields, "".join(row_lines))
                number += len(row_lines)
                row_lines.clear()
        except csv.Error as error:
            raise QuoteError(number, str(error)) from None

    def is_well_quoted(self, row: str) -> bool:
        """Whether every field with a quote stands in quotes."""
        return not self.quoted or '"' not in row or self._row.fullmatch(row) is not None

    @cached_property
    def _row(self) -> re.Pattern[str]:
        sign = re.escape(self.delimiter)
        field = rf'(?:"(?:[^"]|"")*"|[^"{sign}\r\n]*)'
        return re.compile(rf"{field}(?:{sign}{field})*[\r\n]*")


def guess_dialect(sample: Sequence[str], config: DataConfig, usual: str = ",") -> Dialect:
    """The dialect of a file, as it is set or else looks.

    Args:
        sample: the first lines of the file.
        config: what is set of it.
        usual: the separator where nothing speaks for another.
    """
    separator = config.separator or _guess_separator(sample, usual)
    dialect = Dialect(separator, len(separator) == 1, columns=tuple(config.columns))
    if config.quotes:
        dialect = replace(dialect, quoted=config.quotes == "double")
    elif separator == "\t":
        dialect = replace(dialect, quoted=_is_well_quoted(sample, dialect))
    decimal = config.decimal or _guess_decimal(sample, dialect)
    return replace(dialect, decimal=decimal)


def remarks(dialect: Dialect, config: DataConfig) -> list[str]:
    """What was guessed that is not usual, for people."""
    found = []
    if not config.separator and dialect.separator != ",":
        name = NAMES.get(dialect.separator, repr(dialect.separator))
        found.append(f"columns are separated by {name}")
    if not config.quotes and not dialect.quoted and len(dialect.separator) == 1:
        found.append("quotes have no meaning, since they do not come in pairs")
    if not config.decimal and dialect.decimal == ",":
        found.append("numbers have a decimal comma")
    return found


def rows_of(sample: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The fields of the rows of a sample, until one whose quotes do not come in pairs."""
    lines = (line.replace(dialect.separator, dialect.delimiter) for line in sample)
    rows: list[list[str]] = []
    try:
        for row in dialect.rows(lines):
            rows.append(row.fields)
    except QuoteError:
        pass
    return [row for row in rows if any(row)]


def _guess_separator(sample: Sequence[str], usual: str) -> str:
    """The separator that gives every row equally many fields; of several, that with the most.

    If there is none, the one with the most fields in the first row.
    """
    best, most = usual, (False, 1)
    for separator in (usual, *SEPARATORS):
        rows = rows_of(sample, Dialect(separator, len(separator) == 1))
        if not rows and separator == "\t":
            rows = rows_of(sample, Dialect(separator, quoted=False))
        widths = {len(row) for row in rows}
        if rows and len(rows[0]) > 1 and (len(widths) == 1, len(rows[0])) > most:
            best, most = separator, (len(widths) == 1, len(rows[0]))
    return best


def _is_well_quoted(sample: Sequence[str], dialect: Dialect) -> bool:
    try:
        return all(dialect.is_well_quoted(row.text) for row in dialect.rows(sample))
    except QuoteError:
        return False


def _guess_decimal(sample: Sequence[str], dialect: Dialect) -> str:
    if dialect.separator == ",":
        return "."
    fields = [field.strip() for row in rows_of(sample, dialect) for field in row]
    commas = [field for field in fields if DECIMAL_COMMA.fullmatch(field)]
    if all(map(THOUSANDS.fullmatch, commas)) or any(map(DECIMAL_POINT.fullmatch, fields)):
        return "."
    return ","
