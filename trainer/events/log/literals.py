"""Fits the values of a condition to the columns they are compared with."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import polars as pl

from trainer.events.log.times import from_iso
from trainer.events.log.tokens import Token

COMPARISONS = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">="})
SIGNS = frozenset("=<>!")
CLOCKS = frozenset({"DATE", "TIMESTAMP", "DATETIME"})
ISO_TIMES = "'2026-01-31' or '2026-01-31 12:00:00'"


def check_dates(tokens: Sequence[Token]) -> None:
    """Refuses DATE '01/02/2026', which may mean two days, and `CURRENT_DATE - 90`.

    Raises:
        ValueError: naming it.
    """
    code = [token for token in tokens if token.kind != "blank"]
    for before, token in pairwise(code):
        if before.kind == "word" and before.name in CLOCKS and token.is_text and not _iso(token):
            raise ValueError(
                f"{before.text} {token.text} is not an ISO 8601 time: write {ISO_TIMES}"
            )
    for today, sign, days in zip(code, code[1:], code[2:], strict=False):
        if today.name == "CURRENT_DATE" and sign.text in "+-" and days.text.isdigit():
            raise ValueError(
                f"CURRENT_DATE {sign.text} {days.text} has no unit: write CURRENT_DATE "
                f"{sign.text} INTERVAL '{days.text} days'"
            )


def fit_values(tokens: Sequence[Token], schema: pl.Schema) -> list[Token]:
    """The tokens with every text a time that is compared with a column of times.

    Args:
        tokens: of a condition.
        schema: the names and types of the columns.

    Raises:
        ValueError: a value can never fit the column that it is compared with.
    """
    fitted = list(tokens)
    places = [place for place, token in enumerate(tokens) if token.kind != "blank"]
    for column, value in _comparisons([tokens[place] for place in places]):
        name, token = tokens[places[column]].identifier, tokens[places[value]]
        kind = schema.get(name)
        if kind is None:
            continue
        if kind in (pl.Date, pl.Datetime) and token.is_text and (time := _iso(token)):
            fitted[places[value]] = Token("quoted", f"TIMESTAMP '{time}'")
        elif problem := _misfit(name, kind, token):
            raise ValueError(problem)
    return fitted


def _comparisons(code: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The places of a column and of a plain value that stand on two sides of a comparison."""
    for place, token in enumerate(code):
        if not token.is_name or (place + 1 < len(code) and code[place + 1].text == "("):
            continue
        yield from ((place, value) for value in _right_of(code, place))
        sign = place
        while sign > 0 and code[sign - 1].text in SIGNS:
            sign -= 1
        if sign < place and sign > 0 and code[sign - 1].is_literal:
            yield place, sign - 1


def _right_of(code: Sequence[Token], column: int) -> Iterator[int]:
    """The places of the plain values that a column is compared with on its right."""
    end, place = len(code), column + 1
    while place < end and code[place].text in SIGNS:
        place += 1
    if place > column + 1:
        if place < end and code[place].is_literal:
            yield place
        return
    if place < end and code[place].name == "NOT":
        place += 1
    word = code[place].name if place < end else ""
    if word == "BETWEEN":
        yield from (p for p in (place + 1, place + 3) if p < end and code[p].is_literal)
    elif word == "IN":
        place += 2
        while place < end and (code[place].is_literal or code[place].text == ","):
            if code[place].is_literal:
                yield place
            place += 1


def _misfit(name: str, kind: pl.DataType, token: Token) -> str | None:
    """Why a value does not fit a column, and what to write instead."""
    if kind in (pl.Date, pl.Datetime):
        return f"column {name!r} holds times: compare it with {ISO_TIMES}, not with {token.text}"
    if kind.is_numeric() and token.is_text:
        return f"column {name!r} holds numbers: write a number without quotes, not {token.text}"
    if kind == pl.Boolean and token.is_text:
        return f"column {name!r} is true or false: write {name} = TRUE, not {token.text}"
    if kind == pl.String and not token.is_text:
        return f"column {name!r} holds text: write '{token.text}', not {token.text}"
    return None


def _iso(token: Token) -> str | None:
    """An ISO 8601 time as polars reads it, in UTC where it has a zone; None for other texts."""
    time = from_iso(pl.Series([token.text[1:-1].strip()])).item()
    return None if time is None else f"{time:%Y-%m-%d %H:%M:%S.%f}"
