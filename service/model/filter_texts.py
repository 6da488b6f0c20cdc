"""The names and values of a filter, as they stand in its text."""

import re
from collections.abc import Iterable

Value = float | str

KEYWORDS = frozenset(
    ["and", "or", "not", "in", "is", "missing", "between", "any", "all", "none", "true", "false"]
)
PLAIN_NAME = re.compile(r"[^\W\d]\w*")


def name_text(name: str) -> str:
    """A column, in backticks if it is not a plain name."""
    if PLAIN_NAME.fullmatch(name) and name.lower() not in KEYWORDS:
        return name
    return quoted(name, "`")


def value_text(value: Value) -> str:
    """A value: a text in single quotes, or the shortest text of a number."""
    return quoted(value, "'") if isinstance(value, str) else repr(value).removesuffix(".0")


def values_text(values: Iterable[Value]) -> str:
    """Values in parentheses."""
    return f"({', '.join(map(value_text, values))})"


def quoted(text: str, quote: str) -> str:
    """A text in quotes, which are doubled within it."""
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"
