"""What the value of a setting may be, in plain words, from its declaration."""

import types
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a time such as 2026-01-31 or 2026-01-31T12:00:00Z",
    Path: "a path",
    str: "a text",
    SecretStr: "a text",
}
Bounds = dict[str, Any]


def expectation(field: FieldInfo) -> str:
    """What a setting may be: "a whole number from 1 to 4,096"."""
    return _kind(field.annotation, _bounds(field.metadata))


def problem(error: Any, field: FieldInfo | None) -> str:  # noqa: ANN401 - pydantic's own dictionary
    """What is wrong with the value of a setting, to follow it.

    Args:
        error: what pydantic found.
        field: the setting; None if it is a section of settings.
    """
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if field is None:
        return "should be a table of settings"
    if error["type"] == "string_pattern_mismatch":
        return f"should be {field.description}"
    return f"should be {expectation(field)}"


def _kind(annotation: Any, bounds: Bounds) -> str:  # noqa: ANN401 - any type
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kind, *metadata = parts
        return _kind(kind, _bounds(metadata) | bounds)
    if origin in (Union, types.UnionType):
        kinds = [_kind(part, bounds) for part in parts if part is not type(None)]
        return ", or ".join(kinds)
    if origin is Literal:
        return _any_of(parts)
    if origin is list:
        return _several(parts[0])
    if origin is dict:
        kind = _kind(parts[1], {})
        return f"written as name=number, such as purchase=4, each {kind}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table of settings"
    if annotation is str and bounds.get("min_length"):
        return "a text that is not empty"
    return WORDS[annotation] + _range(bounds)


def _several(kind: Any) -> str:  # noqa: ANN401 - any type
    """What a list may hold."""
    if get_origin(kind) is Literal:
        return f"some of {', '.join(map(str, get_args(kind)))}"
    words = _kind(kind, {}).removeprefix("a ")
    noun, *rest = words.split(" from ", 1)
    return f"{noun}s" + (f" from {rest[0]}" if rest else "") + ", at least one" * bool(rest)


def _any_of(words: Iterable[object]) -> str:
    *others, last = (f"`{word}`" for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def _range(bounds: Bounds) -> str:
    """` from 1 to 10`, ` above 0 and at most 1` or the like."""
    least, above = bounds.get("ge"), bounds.get("gt")
    most, below = bounds.get("le"), bounds.get("lt")
    if least is not None and most is not None:
        return f" from {_number(least)} to {_number(most)}"
    ends = []
    if least is not None:
        ends.append(f"of at least {_number(least)}")
    if above is not None:
        ends.append(f"above {_number(above)}")
    if most is not None:
        ends.append(f"at most {_number(most)}")
    if below is not None:
        ends.append(f"below {_number(below)}")
    return f" {' and '.join(ends)}" if ends else ""


def _number(limit: float) -> str:
    return f"{int(limit) if limit == int(limit) else limit:,}"


def _bounds(metadata: Iterable[Any]) -> Bounds:
    """The limits that a declaration holds; those of a field inside another annotation as well."""
    found: Bounds = {}
    for one in metadata:
        if isinstance(one, FieldInfo):
            found |= _bounds(one.metadata)
        for name in ("ge", "gt", "le", "lt", "min_length"):
            limit = getattr(one, name, None)
            if limit is not None and not isinstance(one, FieldInfo):
                found[name] = limit
    return found
