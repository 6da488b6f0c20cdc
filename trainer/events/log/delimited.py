"""Files with columns: commas, tabs or other signs separate them."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import polars as pl

from service.model.errors import EventLogError
from trainer.events.log.dialect import Dialect
from trainer.events.log.ends import may_end_early
from trainer.events.log.formats import INFERRED_ROWS, Columns, Format, number_types
from trainer.events.log.lines import check_csv, csv_rows
from trainer.events.log.times import ISO_SHAPE

MAY_END_EARLY = "\x1fmay end early"  # marks rows that have nothing in the last column


class _Schema(TypedDict, total=False):
    schema: dict[str, pl.DataType]
    schema_overrides: dict[str, type[pl.DataType]]
    infer_schema: bool
    infer_schema_length: int
    try_parse_dates: bool


@dataclass(frozen=True)
class Delimited:
    """Reads files of one dialect.

    Attributes:
        dialect: theirs.
    """

    dialect: Dialect

    def format(self) -> Format:
        """These files as a kind of file."""
        return Format(
            self.scan,
            self.check,
            _may_end_early,
            self.check_ends,
            marks=self.marks,
            whole_rows=True,
        )

    def scan(self, path: Path, columns: Columns) -> Iterator[pl.LazyFrame]:
        """Yields the table of a file.

        Raises:
            EventLogError: its first line cannot be read, or does not fit what is set.
        """
        names = self._names(path, columns)
        texts = [name for name in names if name not in columns.typed()]
        schema = self._schema(path, texts, columns.time)
        rows = self._scan(path, schema=schema)
        if self.dialect.decimal == ",":
            rows = self._with_decimal_commas(path, schema)
        yield rows.filter(pl.any_horizontal(pl.all().is_not_null()))  # a blank line is no event

    def check(self, path: Path, columns: Columns) -> None:
        """Looks for the first row that cannot be read.

        Raises:
            EventLogError: naming it.
        """
        check_csv(path, number_types(self.scan, path, columns), self.dialect)

    def check_ends(self, path: Path, columns: Columns) -> None:
        """Looks for a row that ends early; a look at the bytes tells quickly that there is none.

        Raises:
            EventLogError: naming it.
        """
        names = self._scan(path, infer_schema=False).collect_schema().names()
        if may_end_early(path, self.dialect, len(names)):
            self.check(path, columns)

    def marks(self, names: list[str]) -> list[pl.Expr]:
        """Which rows have nothing in the last column, or end before it."""
        return [pl.col(names[-1]).is_null().alias(MAY_END_EARLY)]

    def _with_decimal_commas(self, path: Path, schema: dict[str, pl.DataType]) -> pl.LazyFrame:
        """Refuses a point in a number, which polars would take for a comma: 1.500 may be 1500."""
        floats = [name for name, kind in schema.items() if kind.is_float()]
        rows = self._scan(path, schema=schema | dict.fromkeys(floats, pl.String()))
        numbers = pl.col(floats).str.replace_all(".", "?", literal=True)
        return rows.with_columns(numbers.str.replace(",", ".", literal=True).cast(pl.Float64))

    def _scan(self, path: Path, **options: Unpack[_Schema]) -> pl.LazyFrame:
        columns = self.dialect.columns
        return pl.scan_csv(
            path,
            separator=self.dialect.delimiter,
            quote_char='"' if self.dialect.quoted else None,
            decimal_comma=self.dialect.decimal == ",",
            has_header=not columns,
            new_columns=list(columns) if columns and "schema" not in options else None,
            glob=False,
            **options,
        )

    def _names(self, path: Path, columns: Columns) -> list[str]:
        """The names of all columns; a name that is not asked for may stand twice."""
        first = next(csv_rows(path, self.dialect), None)
        fields = first.fields if first else []
        given = self.dialect.columns
        if given and len(fields) != len(given):
            raise EventLogError(
                f"{path}: line 1 has {len(fields)} fields, `columns` names {len(given)}"
            )
        if given and [field.casefold() for field in fields] == [name.casefold() for name in given]:
            raise EventLogError(
                f"{path}: line 1 is a header that names the columns itself: remove `columns`"
            )
        counts = Counter(given or fields)
        if twin := next((name for name in columns.names() if counts[name] > 1), None):
            raise EventLogError(f"{path}: line 1 names the column {twin!r} {counts[twin]} times")
        return self._scan(path, infer_schema=False).collect_schema().names()

    def _schema(
        self, path: Path, texts: Collection[str], time: str | None
    ) -> dict[str, pl.DataType]:
        """Infers types from the first rows; the time, and dates that are not ISO 8601, stay text.

        Polars would read 01/02/2026 with the day first.
        """
        schema = self._scan(
            path,
            schema_overrides=dict.fromkeys(texts, pl.String),
            infer_schema_length=INFERRED_ROWS,
            try_parse_dates=True,
        ).collect_schema()
        dates = [name for name, kind in schema.items() if kind.is_temporal()]
        if dates:
            rows = self._scan(path, infer_schema=False).select(dates).head(INFERRED_ROWS)
            iso = rows.select(pl.all().str.contains(ISO_SHAPE).all()).collect().row(0, named=True)
            texts = [name for name in dates if name == time or not iso[name]]
            schema.update(dict.fromkeys(texts, pl.String()))
        return dict(schema)


def _may_end_early(table: pl.DataFrame) -> bool:
    return bool(table.get_column(MAY_END_EARLY).any())
