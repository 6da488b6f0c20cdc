"""Reads the text of a filter; `service.model.filters` says what it may be."""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from service.model.column_types import OPERATORS
from service.model.conditions import (
    Among,
    And,
    Between,
    Comparison,
    Condition,
    Holding,
    Missing,
    Not,
    Or,
)
from service.model.errors import InputError, short
from service.model.filter_texts import KEYWORDS, PLAIN_NAME, Value

MOST_CHARACTERS, MOST_QUESTIONS, MOST_VALUES, DEEPEST = 4096, 100, 1000, 32

TOKEN = re.compile(
    rf"""
    (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<column>`(?:[^`]|``)*`)
    |(?P<word>{PLAIN_NAME.pattern})
    |(?P<sign><=|>=|!=|[=<>(),])
    """,
    re.VERBOSE | re.IGNORECASE,
)
QUOTES = "'\"`"
END = "the end"
CONDITION = "a column, 'not' or '('"
QUESTION = "=, !=, <, <=, >, >=, between, in, any, all, none or is"
VALUE = "a number, true, false or a text in quotes"


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: `number`, `text`, `column`, `word`, `keyword`, `sign`, `end` or `unknown`.
        text: as it stands there; keywords in small letters.
        place: the number of its first character, from 1.
    """

    kind: str
    text: str
    place: int


def parse(text: str) -> Condition:
    """The condition that a text states.

    Raises:
        InputError: it is too long, too deep or no condition; names the place.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the filter has {len(text)} characters: at most {MOST_CHARACTERS} are allowed"
        )
    return _Parser(text).whole()


class _Parser:
    """Descends through the grammar, a method for each of its rules."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)
        self._depth = self._questions = self._values = 0

    def whole(self) -> Condition:
        condition = self._condition()
        if self._next.kind != "end":
            raise self._error(f"'and', 'or' or {END}")
        return condition

    def _condition(self) -> Condition:
        return self._chain("or", self._all_of, Or)

    def _all_of(self) -> Condition:
        return self._chain("and", self._one, And)

    def _chain(
        self, word: str, part: Callable[[], Condition], kind: type[And] | type[Or]
    ) -> Condition:
        """Parts with a word between them; those of the same kind are one chain with them."""
        conditions = [part()]
        while self._skips(word):
            conditions.append(part())
        if len(conditions) == 1:
            return conditions[0]
        parts = (one.conditions if isinstance(one, kind) else (one,) for one in conditions)
        return kind(tuple(one for part in parts for one in part))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise self._error(f"at most {DEEPEST} parentheses and 'not' within each other")
        condition: Condition
        if self._skips("not"):
            condition = Not(self._one())
        elif self._skips("("):
            condition = self._condition()
            self._skip(")", "'and', 'or' or ')'")
        else:
            condition = self._question()
        self._depth -= 1
        return condition

    def _question(self) -> Condition:
        self._questions += 1
        if self._questions > MOST_QUESTIONS:
            raise self._error(f"at most {MOST_QUESTIONS} comparisons")
        column = self._column()
        if self._next.text in OPERATORS:
            return Comparison(column, self._take().text, self._value())
        if self._skips("between"):
            least = self._value()
            self._skip("and", "'and'")
            return Between(column, least, self._value())
        if self._skips("in"):
            return Among(column, self._list())
        for how_many in ("any", "all", "none"):
            if self._skips(how_many):
                return Holding(column, how_many, self._list())
        self._skip("is", QUESTION)
        negated = self._skips("not")
        self._skip("missing", "'missing'" if negated else "'missing' or 'not missing'")
        return Missing(column, missing=not negated)

    def _column(self) -> str:
        if self._next.kind == "column":
            return _unquoted(self._take().text)
        if self._next.kind == "keyword":
            raise self._error(f"{CONDITION} (a column of that name stands in backticks)")
        if self._next.kind != "word":
            raise self._error(CONDITION)
        return self._take().text

    def _list(self) -> tuple[Value, ...]:
        self._skip("(", "'('")
        values = [self._value()]
        while self._skips(","):
            values.append(self._value())
        self._skip(")", "',' or ')'")
        return tuple(values)

    def _value(self) -> Value:
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._error(f"at most {MOST_VALUES} values")
        if self._next.kind == "text":
            return _unquoted(self._take().text)
        if self._next.kind == "number":
            if math.isinf(float(self._next.text)):
                raise self._error("a number below 1.8e308")
            return float(self._take().text)
        if self._skips("true"):
            return 1.0
        if self._skips("false"):
            return 0.0
        raise self._error(VALUE)

    def _take(self) -> Token:
        token = self._next
        self._next = next(self._tokens)
        return token

    def _skips(self, text: str) -> bool:
        """Goes past a keyword or a sign, if it comes next."""
        found = self._next.kind in ("keyword", "sign") and self._next.text == text
        if found:
            self._take()
        return found

    def _skip(self, text: str, expected: str) -> None:
        """Goes past a keyword or a sign, which must come next."""
        if not self._skips(text):
            raise self._error(expected)

    def _error(self, expected: str) -> InputError:
        kind, text, place = self._next
        found = END if kind == "end" else repr(short(text))
        return InputError(f"the filter has {found} at character {place}: expected {expected}")


def _tokens(text: str) -> Iterator[Token]:
    """The pieces of a text, and a last one for its end.

    What is no piece is one of the kind `unknown`: a character, or what comes after a quote that is
    not closed.
    """
    place = _after_blanks(text, 0)
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            piece = text[place:] if text[place] in QUOTES else text[place]
            yield Token("unknown", piece, place + 1)
            return
        kind, piece = str(match.lastgroup), match.group()
        if kind == "word" and piece.lower() in KEYWORDS:
            kind, piece = "keyword", piece.lower()
        yield Token(kind, piece, place + 1)
        place = _after_blanks(text, match.end())
    yield Token("end", "", len(text) + 1)


def _after_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
