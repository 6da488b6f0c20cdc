"""Parses the `where` condition, which sees one event only and cannot read files."""

import re
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from service.model.errors import EventLogError

MOST_TOKENS = 2_000  # for more, polars takes seconds per piece, and ignores signals meanwhile
MOST_SHOWN = 500

TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)"""
    r"|(?P<blank>\s+|--[^\n]*|/\*.*?\*/)|(?P<word>\w+)|(?P<sign>[-+*/%<>=!~|&^().,:@\[\]])"
    r"|(?P<unknown>.)",
    re.DOTALL,
)
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


def parse_condition(where: str) -> pl.Expr:
    """The condition as an expression on one row.

    Nothing is evaluated before the text is known to hold neither a subquery (polars would open its
    files at once) nor a function of many rows (polars would take a piece of the log for all of it).

    Raises:
        EventLogError: it is not SQL, too long, or more than a condition on one event.
    """
    try:
        tokens = _tokens(where)
        _check_one_event(tokens)
        return pl.sql_expr(_sql(tokens))
    except (ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise EventLogError(f"where = {quote(where)}: {one_line(error)}") from None


def check_condition(condition: pl.Expr, schema: pl.Schema) -> None:
    """Checks a condition against the columns of an event, on a table without events.

    Args:
        condition: as parsed.
        schema: the names and types of the columns.

    Raises:
        ValueError: a column is missing, types do not fit, or it is not true or false.
    """
    try:
        answer = pl.DataFrame(schema=schema).select(condition).dtypes[0]
    except pl.exceptions.PolarsError as error:
        reason = one_line(error)
        columns = condition.meta.root_names()
        times = [name for name in columns if name in schema and schema[name].is_temporal()]
        if times and not isinstance(error, pl.exceptions.ColumnNotFoundError):
            reason = (
                f"column {times[0]!r} holds times: compare it with DATE '2026-01-31' or "
                f"TIMESTAMP '2026-01-31 12:00:00', not with a plain text or number ({reason})"
            )
        raise ValueError(reason) from None
    if answer != pl.Boolean:
        raise ValueError(f"it is {answer}, not true or false")


def quote(where: str) -> str:
    """The text as a message quotes it, cut after MOST_SHOWN characters."""
    return repr(where if len(where) <= MOST_SHOWN else f"{where[:MOST_SHOWN]}…")


def one_line(error: BaseException) -> str:
    """The first paragraph of an error's message, on one line."""
    return " ".join(str(error).strip().partition("\n\n")[0].split())


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def name(self) -> str:
        return self.text.strip('"`').upper()

    @property
    def is_value(self) -> bool:
        return self.text[0] in "',." or self.text[0].isdigit()


def _tokens(where: str) -> list[_Token]:
    """Splits a condition into tokens; a comment counts as a blank.

    Raises:
        ValueError: naming a character that is not part of any token, or a quote that is not closed.
    """
    tokens = []
    for match in TOKEN.finditer(where):
        if match.lastgroup == "unknown":
            place = f"{match[0]} at character {match.start() + 1}"
            if match[0] in "'\"`":
                raise ValueError(f"the quote {place} is not closed")
            raise ValueError(f"{place} is not understood (quote the name of a column that has it)")
        tokens.append(_Token(str(match.lastgroup), match[0]))
    return tokens


def _sql(tokens: list[_Token]) -> str:
    """Joins the tokens into a text that polars splits as `_tokens` did.

    Comments become blanks, and blanks surround quoted text: `E'...'` has a meaning of its own.
    """
    templates = {"quoted": " {} ", "blank": " "}
    return "".join(templates.get(token.kind, "{}").format(token.text) for token in tokens)


def _check_one_event(tokens: list[_Token]) -> None:
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
    for before, token in pairwise([_Token("sign", "("), *code]):
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
