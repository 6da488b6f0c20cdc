"""Parses the `where` condition, which sees one event only and cannot read files."""

from itertools import pairwise

import polars as pl

from service.model.errors import EventLogError
from trainer.events.log.literals import check_dates, fit_values
from trainer.events.log.tokens import Token, join, split

MOST_TOKENS = 2_000  # for more, polars takes seconds per piece, and ignores signals meanwhile
MOST_SHOWN = 500

SUBQUERY = {"FROM", "SELECT", "TABLE", "VALUES", "WITH"}
# Functions of one event. All others are refused, aggregates and window functions among them.
FUNCTIONS = """
CAST COALESCE GREATEST IF IFNULL LEAST NULLIF TRY_CAST
ABS ACOS ASIN ATAN ATAN2 CBRT CEIL CEILING COS COT DEGREES DIV EXP FLOOR LN LOG LOG10 LOG1P LOG2 MOD
PI POW POWER RADIANS ROUND SIGN SIN SQRT TAN TRUNC
CURRENT_DATE CURRENT_TIMESTAMP DATE DATETIME DATE_PART DAY EXTRACT HOUR MONTH NOW STRFTIME STRPTIME
TIME TIMESTAMP YEAR
BIT_LENGTH CHARACTER_LENGTH CHAR_LENGTH CONCAT CONCAT_WS ENDS_WITH INITCAP LEFT LENGTH LOWER LPAD
LTRIM NORMALIZE OCTET_LENGTH POSITION REGEXP_LIKE REGEXP_REPLACE REPLACE REVERSE RIGHT RPAD RTRIM
SPLIT_PART STARTS_WITH STRPOS SUBSTR SUBSTRING TRIM UPPER
ARRAY_CONTAINS ARRAY_LENGTH
"""
KEYWORDS = """
ALL AND ANY BETWEEN CASE ELSE FROM ILIKE IN IS LIKE NOT OR REGEXP RLIKE THEN WHEN
CHAR DEC DECIMAL FLOAT NUMERIC VARCHAR
"""
BEFORE_BRACKETS = {*FUNCTIONS.split(), *KEYWORDS.split()}


class Condition:
    """A `where` condition, parsed.

    Attributes:
        columns: the names of the columns that it needs.
    """

    def __init__(self, where: str) -> None:
        """Parses a condition.

        Nothing is evaluated before the text is known to hold neither a subquery (polars would open
        its files at once) nor a function of many rows (polars would take a piece of the log for
        all of it).

        Raises:
            EventLogError: it is not SQL, too long, or more than a condition on one event.
        """
        self._where = where
        try:
            self._tokens = split(where)
            _check_one_event(self._tokens)
            check_dates(self._tokens)
            self.columns = frozenset(_expression(self._tokens).meta.root_names())
        except ValueError as error:
            raise self.error(str(error)) from None

    def on(self, schema: pl.Schema) -> pl.Expr:
        """The condition as an expression on one row, tried on a table without events.

        Args:
            schema: the names and types of the columns of an event; times without a zone.

        Raises:
            EventLogError: a column is missing, types do not fit, or it is not true or false.
        """
        missing = sorted(self.columns - schema.keys())
        if missing:
            raise self.error(
                f"there is no column {missing[0]!r} (a text is written in single quotes: "
                f"'{missing[0]}'); there are: {', '.join(map(repr, schema))}"
            )
        try:
            expression = _expression(fit_values(self._tokens, schema))
            answer = pl.DataFrame(schema=schema).select(expression).dtypes[0]
        except ValueError as error:
            raise self.error(str(error)) from None
        except pl.exceptions.PolarsError as error:
            raise self.error(self._misfit(error, schema)) from None
        if answer != pl.Boolean:
            raise self.error(f"it is {answer}, not true or false")
        return expression

    def met(self, expression: pl.Expr, events: pl.DataFrame) -> pl.Series:
        """Whether each event meets the condition, be it a constant: bool [events].

        Raises:
            EventLogError: a value of an event cannot be converted as the condition says.
        """
        try:
            answers = events.select(expression.alias("met"), pl.int_range(pl.len()).alias("row"))
        except pl.exceptions.PolarsError as error:
            raise self.error(
                f"it fails for some event; TRY_CAST gives NULL where CAST fails ({one_line(error)})"
            ) from None
        return answers.get_column("met").fill_null(False)

    def error(self, reason: str) -> EventLogError:
        """The error that quotes the condition with a reason."""
        return EventLogError(f"where = {quote(self._where)}: {reason}")

    def _misfit(self, error: Exception, schema: pl.Schema) -> str:
        """What the columns hold, and how values that fit them are written."""
        kinds = [f"{name!r} holds {_kind(schema[name])}" for name in sorted(self.columns)]
        return (
            f"its types do not fit{' (' if kinds else ''}{', '.join(kinds)}{')' if kinds else ''}: "
            "write a text as 'text', a number as 5, a time as DATE '2026-01-31' or TIMESTAMP "
            f"'2026-01-31 12:00:00'; in detail: {one_line(error)}"
        )


def _expression(tokens: list[Token]) -> pl.Expr:
    try:
        return pl.sql_expr(join(tokens))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = one_line(error)
        if reason.startswith("unable to parse"):
            reason = "a condition is written as event = 'purchase' AND price > 0"
        raise ValueError(f"it is not SQL: {reason}") from None


def _kind(kind: pl.DataType) -> str:
    """What a column of a type holds, in a word."""
    if kind.is_numeric():
        return "numbers"
    if kind.is_temporal():
        return "times"
    if kind == pl.Boolean:
        return "true or false"
    return "text" if kind == pl.String else str(kind)


def quote(where: str) -> str:
    """The text as a message quotes it, cut after MOST_SHOWN characters."""
    return repr(where if len(where) <= MOST_SHOWN else f"{where[:MOST_SHOWN]}…")


def one_line(error: BaseException) -> str:
    """The first paragraph of an error's message, on one line."""
    return " ".join(str(error).strip().partition("\n\n")[0].split())


def _check_one_event(tokens: list[Token]) -> None:
    """Refuses subqueries, and functions that see more than one event.

    Raises:
        ValueError: naming it.
    """
    code = [token for token in tokens if token.kind != "blank"]
    length = sum(not token.is_value for token in code)
    if length > MOST_TOKENS:
        raise ValueError(
            f"it has {length:,} words and signs, the limit is {MOST_TOKENS:,} (values are not "
            "counted): write a long list as column IN ('a', 'b')"
        )
    for before, token in pairwise([Token("sign", "("), *code]):
        if token.kind == "word" and (
            token.name in ("SELECT", "OVER") or (before.text == "(" and token.name in SUBQUERY)
        ):
            raise ValueError(
                f"{token.text} looks beyond the one event that a condition sees (quote a column of "
                f'this name: "{token.text}")'
            )
        if (
            token.text == "("
            and before.kind in ("word", "quoted")
            and before.name not in BEFORE_BRACKETS
        ):
            raise ValueError(
                f"{before.text}(...) cannot be used: a condition sees one event at a time, so it "
                "takes functions of one event, such as LOWER, COALESCE or DATE, and none of many "
                "events (MAX, COUNT, ROW_NUMBER, ...)"
            )
