"""The rules of a query, given as keywords."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, TypedDict

from service.model.errors import InputError, short
from service.model.queries import NO_RULES, Liked, Rules

Id = str | int
LikedItem = Id | Liked | tuple[Id, float]
NAMES = [field.name for field in fields(Rules)]
OPTIONAL = [field.name for field in fields(Rules) if field.default is None]
LEAST = {"min_count": 1, "offset": 0}
HEAVIEST = 1e6  # as in the service
RENAMED = {"topn": "k", "n": "k", "top_k": "k", "restrict_vocab": "min_count"}


class RuleKeywords(TypedDict, total=False):
    """Which items may be answered, and how they are chosen: see `service.model.queries.Rules`."""

    exclude: Collection[Id]
    candidates: Collection[Id] | None
    filter: str | None
    min_count: int
    min_score: float | None
    diversity: float
    offset: int


def as_id(item: Id) -> str:
    """An id as the model has it: numbers are ids by their decimal text."""
    return item if isinstance(item, str) else str(item)


def as_ids(items: Id | Iterable[Id]) -> list[str]:
    """Several ids; a single one is a list of one."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        return [as_id(items)]
    return [as_id(item) for item in items]


def as_liked(items: Id | Liked | Iterable[LikedItem]) -> list[str | Liked]:
    """Ids, or ids with weights; a single one is a list of one.

    Raises:
        InputError: a pair is none, or its weight means nothing.
    """
    if isinstance(items, str | Liked) or not isinstance(items, Iterable):
        return [_as_liked(items)]
    return [_as_liked(one) for one in items]


def _as_liked(one: Any) -> str | Liked:
    if not isinstance(one, tuple):
        return as_id(one)
    if not isinstance(one, Liked) and len(one) != 2:
        raise _wrong("liked", one, "an id or a pair of an id and its weight")
    liked = Liked(*one)
    weight = as_number("weight", liked.weight, 0, HEAVIEST)
    if not weight:
        raise _wrong("weight", liked.weight, "above 0")
    return liked._replace(id=as_id(liked.id), weight=weight)


def as_count(name: str, value: Any, least: int) -> int:
    """A whole number.

    Raises:
        InputError: it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise _wrong(name, value, f"a whole number of at least {least}")
    return int(value)


def as_number(name: str, value: Any, least: float = -inf, most: float = inf) -> float:
    """A finite number.

    Raises:
        InputError: it is none, too small or too large.
    """
    finite = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not finite or not least <= value <= most:
        raise _wrong(
            name, value, "a number" if least == -inf else f"a number from {least:g} to {most:g}"
        )
    return float(value)


def as_flag(name: str, value: Any) -> bool:
    """Whether something holds.

    Raises:
        InputError: it is no truth value.
    """
    if not isinstance(value, bool):
        raise _wrong(name, value, "True or False")
    return value


def as_text(name: str, value: Any) -> str:
    """A text.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def _wrong(name: str, value: object, allowed: str) -> InputError:
    return InputError(f"{name} = {short(repr(value))} should be {allowed}")


def as_rules(keywords: Mapping[str, Any]) -> Rules:
    """The rules that keywords name.

    Raises:
        InputError: there is no such rule, or its value means nothing.
    """
    if not keywords:
        return NO_RULES
    for name in keywords:
        if name not in NAMES:
            close = [RENAMED[name]] if name in RENAMED else difflib.get_close_matches(name, NAMES)
            remedy = f"did you mean {close[0]}?" if close else f"rules are {', '.join(NAMES)}"
            raise InputError(f"{name} is not an argument of a query; {remedy}")
    return Rules(**{name: _rule(name, value) for name, value in keywords.items()})


def _rule(name: str, value: Any) -> Any:
    if value is None and name in OPTIONAL:
        return None
    match name:
        case "exclude" if value is None:
            raise _wrong(name, value, "a list of ids; leave it out to exclude none")
        case "exclude" | "candidates":
            return as_ids(value)
        case "filter":
            return as_text(name, value)
        case "min_count" | "offset":
            return as_count(name, value, LEAST[name])
        case "diversity":
            return as_number(name, value, 0, 1)
        case _:
            return as_number(name, value)
