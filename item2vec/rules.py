"""The rules of a query, given as keywords."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypedDict

from service.model.errors import InputError
from service.model.queries import NO_RULES, Rules

Id = str | int
NAMES = [field.name for field in fields(Rules)]
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


def as_rules(keywords: Mapping[str, Any]) -> Rules:
    """The rules that keywords name.

    Raises:
        InputError: there is no such rule.
    """
    if not keywords:
        return NO_RULES
    for name in keywords:
        if name not in NAMES:
            close = [RENAMED[name]] if name in RENAMED else difflib.get_close_matches(name, NAMES)
            remedy = f"did you mean {close[0]}?" if close else f"rules are {', '.join(NAMES)}"
            raise InputError(f"{name} is not an argument of a query; {remedy}")
    ids = {
        name: as_ids(keywords[name])
        for name in ("exclude", "candidates")
        if keywords.get(name) is not None
    }
    return Rules(**{**keywords, **ids})
