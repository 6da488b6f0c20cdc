"""The settings of what is read: the log, and the file of items."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import (
    BeforeValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from trainer.config.addresses import Address, as_path
from trainer.config.section import Name, Names, Section, as_list, none_if_empty

QUERY = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(SELECT|WITH|TABLE|VALUES)\b", re.I | re.S)


def _as_mapping(value: object) -> object:
    """Texts like `purchase=4` become a mapping; an empty text adds nothing to it."""
    if not isinstance(value, str | list):
        return value
    pairs = [text for text in cast(list[str], as_list(value)) if text != ""]
    if not all(isinstance(text, str) and "=" in text for text in pairs):
        raise ValueError(
            "should be written as type=weight, such as purchase=4; for a column of numbers, set "
            "`weight`"
        )
    return {name: number for name, _, number in (text.rpartition("=") for text in pairs)}


def _as_path(value: object, as_text: ValidatorFunctionWrapHandler) -> str:
    return value if isinstance(value, Address) else as_path(as_text(value))


def _unescape(value: object) -> object:
    """Tabs as they are typed in a shell."""
    return "\t" if value in ("\\t", "tab") else none_if_empty(value)


TimeUnit = Literal["s", "ms", "us", "ns"]
Kind = Literal["parquet", "csv", "jsonl", "txt"]
Paths = Annotated[list[Annotated[str, WrapValidator(_as_path)]], BeforeValidator(as_list)]
Weight = Annotated[float, Field(ge=0, le=100)]
WeightScale = Literal["log", "sqrt", "linear"]
Weights = Annotated[dict[str, Weight], BeforeValidator(_as_mapping)]


class FilesConfig(Section):
    """Where files are, or the table of a database, and how they are written."""

    paths: Paths = Field(
        [],
        description="files or globs: .parquet, .csv, .tsv, .dat, .jsonl, .txt (one session per "
        "line), each but Parquet also as .gz; - for standard input; or "
        "postgresql://user@host/database?table=events",
    )
    format: Kind | None = Field(
        None,
        description="kind of the files, csv for columns with any separator; if not set, told by "
        "their endings, that of standard input by its content",
    )
    separator: Annotated[str | None, BeforeValidator(_unescape)] = Field(
        None,
        max_length=10,
        description="what separates columns, such as ; or :: or tab; if not set, guessed",
    )
    quotes: Literal["double", "none"] | None = Field(
        None,
        description="whether fields may stand in double quotes; if not set, told by the file",
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="decimal sign of numbers in files with columns; if not set, guessed"
    )
    encoding: Name = Field(
        None, description="encoding of text files, such as cp1252; if not set, UTF-8"
    )
    columns: Names = Field(
        [], description="names of all columns, in order, of files that begin without a header"
    )
    sql: Name = Field(
        None,
        description="SELECT that the database of `paths` is asked, instead of reading a table",
    )

    @model_validator(mode="after")
    def _has_one_kind_of_source(self) -> Self:
        addresses = [path for path in self.paths if isinstance(path, Address)]
        if self.sql and not QUERY.match(self.sql):
            raise ValueError("`sql` should be a SELECT, such as SELECT * FROM events")
        if addresses and len(addresses) < len(self.paths):
            raise ValueError("`paths` are either files or addresses of databases, not both")
        if self.sql and not addresses:
            raise ValueError(
                "`sql` is for a database: give its address as `paths`, such as "
                "postgresql://user@host/database"
            )
        for address in addresses:
            if bool(self.sql) == bool(address.table):
                found = "both name" if self.sql else "none of them names"
                raise ValueError(
                    f"{address}: of `?table=` and `sql`, {found} what to read: give one"
                )
        return self

    @field_validator("separator")
    @classmethod
    def _can_separate(cls, separator: str | None) -> str | None:
        if separator and re.search(r'[\w"\\\r\n]', separator):
            raise ValueError(
                "letters, digits, quotes, backslashes and line ends cannot separate columns; a tab "
                "is written as tab or \\t"
            )
        return separator

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            if encoding:
                b"a".decode(encoding, errors="ignore")
        except LookupError:
            raise ValueError(
                "no such encoding is known; known are utf-8, cp1252, latin-1, utf-16, shift_jis, "
                "and others that Python has"
            ) from None
        return encoding

    @field_validator("columns")
    @classmethod
    def _differ(cls, columns: list[str]) -> list[str]:
        if twin := next((name for name in columns if columns.count(name) > 1), None):
            raise ValueError(f"{twin!r} is named twice")
        return columns


class DataConfig(FilesConfig):
    """Where the event log is and what its columns mean."""

    item: str = Field("item_id", min_length=1, description="column of the item")
    session: Name = Field(
        None,
        description="column of the session; without it, gaps between a user's events end sessions",
    )
    user: Name = Field(
        None, description="column of the user; without session and time, a user is a session"
    )
    time: Name = Field(
        None, description="column of the time; without it, events are in the order of the rows"
    )
    time_format: Name = Field(
        None,
        description="how times are written, such as '%d/%m/%Y'; if not set: ISO 8601 or numbers",
    )
    time_unit: TimeUnit | None = Field(
        None,
        description="unit of numbers in the time column, counted since 1970; if not set, inferred "
        "from the largest",
    )
    event: Name = Field(
        None, description="column of the type of the event, such as view or purchase"
    )
    weights: Weights = Field(
        {},
        description="how often the pairs of an event count, by its type, such as purchase=4; types "
        "that are not named: 1",
    )
    weight: Name = Field(
        None,
        description="column of a number, such as plays, that says how often the pairs of an event "
        "count; none: as 1",
    )
    weight_scale: WeightScale = Field(
        "log",
        description="how the numbers become weights, whose mean is 1: log2(1 + number), its square "
        "root, or the number itself",
    )
    title: Name = Field(None, description="column of the item's title")
    metadata: Names = Field([], description="further columns that describe an item, kept with it")
    where: Name = Field(None, description="SQL condition that an event must meet")
    scratch: Path | None = Field(
        None, description="directory for temporary files; if not set, that of the system"
    )
    session_gap: float = Field(
        30.0,
        gt=0,
        description="minutes without an event that end a session (without a session column)",
    )
    collapse_repeats: bool = Field(False, description="treat consecutive repeats of an item as one")
    min_count: int = Field(1, ge=1, description="drop items with fewer occurrences than this")
    min_session_length: int = Field(2, ge=1, description="drop sessions with fewer items than this")

    @model_validator(mode="after")
    def _has_one_way_of_time(self) -> Self:
        if self.time_format and self.time_unit:
            raise ValueError("`time_format` is for texts, `time_unit` for numbers: set one of them")
        return self

    @model_validator(mode="after")
    def _has_types(self) -> Self:
        if self.weights and self.event is None:
            raise ValueError("`weights` are by the type of an event: name its column as `event`")
        if self.weight_scale != "log" and self.weight is None:
            raise ValueError("`weight_scale` is of numbers: name their column as `weight`")
        return self

    @model_validator(mode="after")
    def _has_sessions(self) -> Self:
        told_by_content = self.format is None and "-" in self.paths
        plain_text = self.format == "txt" or (
            self.format is None
            and all(path.lower().endswith((".txt", ".txt.gz")) for path in self.paths)
        )
        named = self.session or self.user
        if not named and not plain_text and not told_by_content:
            raise ValueError(
                "name the `session` column, or `user` and `time` to cut sessions, or `user` alone "
                "if all events of a user are one session"
            )
        return self


class ItemsConfig(FilesConfig):
    """Where a file of items is, if there is one, and what its columns mean."""

    paths: Paths = Field(
        [],
        description="files or globs with a row for each item: .parquet, .csv, .tsv, .dat, .jsonl; "
        "or an address as of the log",
    )
    id: Name = Field(
        None, description="column of the item's id, spelled as in the log; if not set, data.item"
    )
    title: Name = Field(
        None, description="column of the item's title, which is preferred to that of the log"
    )
    metadata: Names = Field(
        [],
        description="further columns that describe an item, such as price; preferred to those of "
        "the log",
    )
    list_separator: Name = Field(
        None,
        description="sign between the values of a metadata text that holds several, such as | in "
        "Crime|Drama; a column that has it holds lists",
    )

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        others = [getattr(self, name) for name in type(self).model_fields if name != "paths"]
        if not self.paths and any(others):
            raise ValueError("columns of a file of items are named, but no file: set its `paths`")
        if "-" in self.paths:
            raise ValueError("standard input is for the log: name a file of items")
        return self
