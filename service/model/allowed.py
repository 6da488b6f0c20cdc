"""Turns the rules of a query into rows."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.catalogue import Catalogue
from service.model.errors import InputError
from service.model.filters import Filter
from service.model.queries import NO_RULES, Query, Rules


def banned_and_mask(
    artifact: Artifact, catalogue: Catalogue, rules: Rules
) -> tuple[set[int], NDArray[np.bool_] | None]:
    """The rows that must not be answered, and bool [items], what alone may be; None: everything.

    Untrained items have no place in it: nothing answers them.

    Raises:
        InputError: a rule means nothing.
    """
    if rules is NO_RULES:
        return set(), None
    _check(rules)
    banned = set(catalogue.rows(rules.exclude))
    mask: NDArray[np.bool_] | None = None
    if rules.filter is not None:
        mask = Filter.parse(rules.filter).mask(artifact.columns)[: len(catalogue)]
    if rules.candidates is not None:
        named = np.zeros(len(catalogue), np.bool_)
        named[catalogue.rows(rules.candidates)] = True
        mask = named if mask is None else mask & named
    if rules.min_count > 1:
        seen = artifact.counts >= rules.min_count
        mask = seen if mask is None else mask & seen
    return banned, mask


def removed_by(
    artifact: Artifact, catalogue: Catalogue, query: Query, row: int, hidden: Collection[int]
) -> str | None:
    """The rule that keeps a row out of an answer, None if none does."""
    rules = query.rules
    if row in hidden:
        return "hidden"
    if row in query.items:
        # A disliked item comes before the same one liked; its weight may have decayed to -0.
        if np.signbit(query.weights[query.items.index(row)]):
            return "disliked"
        if not query.allow_seen:
            return "liked"
    if row in query.banned:
        return "exclude"
    if artifact.counts[row] < rules.min_count:
        return "min_count"
    if rules.candidates is not None and row not in catalogue.rows(rules.candidates):
        return "candidates"
    if query.mask is not None and not query.mask[row]:
        return "filter"
    return None


def _check(rules: Rules) -> None:
    if not 0 <= rules.diversity <= 1:
        raise InputError(f"diversity: {rules.diversity} is not between 0 and 1")
    if rules.offset < 0:
        raise InputError(f"offset: {rules.offset} is below 0")
