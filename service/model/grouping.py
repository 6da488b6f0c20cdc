"""The values of a column in a few groups, by which a map of items is colored."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.model.column_types import MISSING, Coded, Column, Numbers, TextLists
from service.model.columns import Columns, Kind

MOST_GROUPS = 8
NO_GROUP = 255  # of an item without a value
OTHER = "other"


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which group each item is in by one column.

    Attributes:
        name: of the column.
        kind: what it holds.
        groups: their names, MOST_GROUPS at most: bands of numbers from low to high, or the most
            frequent texts, the rest together as OTHER.
        members: uint8 [items], the group of each trained item, or NO_GROUP.
    """

    name: str
    kind: Kind
    groups: list[str]
    members: NDArray[np.uint8]


def groupings(columns: Columns, items: int) -> Iterator[Grouping]:
    """The groups of each metadata column that has some.

    Args:
        columns: of the catalogue.
        items: how many of its first ones are trained: only they are on a map.
    """
    for name, kind in columns.kinds.items():
        column = columns[name]
        groups, members = _grouped(column, items)
        if len(groups) > 1:
            yield Grouping(name, kind, groups, members)


def _grouped(column: Column, items: int) -> tuple[list[str], NDArray[np.uint8]]:
    if isinstance(column, Numbers):
        return _bands(np.asarray(column.values[:items], np.float64))
    assert isinstance(column, Coded)
    if isinstance(column, TextLists):
        offsets = column.offsets[: items + 1] - column.offsets[0]
        owners = np.repeat(np.arange(items), np.diff(offsets))
        return _frequent(column, owners, items)
    return _frequent(column, np.arange(items), items)


def _bands(values: NDArray[np.float64]) -> tuple[list[str], NDArray[np.uint8]]:
    """Bands of about as many items each; each number is a band where there are few."""
    known = values[~np.isnan(values)]
    members = np.full(len(values), NO_GROUP, np.uint8)
    if not len(known):
        return [], members
    distinct = np.unique(known)
    if len(distinct) <= MOST_GROUPS:
        names = [_number(value) for value in distinct.tolist()]
        edges = distinct[1:]
    else:
        shares = np.arange(1, MOST_GROUPS) / MOST_GROUPS
        edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
        edges = edges[edges > distinct[0]]
        texts = [_number(edge) for edge in edges.tolist()]
        between = [f"{low} to {high}" for low, high in pairwise(texts)]
        names = [f"< {texts[0]}", *between, f"≥ {texts[-1]}"] if texts else [_number(distinct[0])]
    present = ~np.isnan(values)
    members[present] = np.searchsorted(edges, values[present], side="right")
    return names, members


def _number(value: float) -> str:
    return f"{value:,.6g}"


def _frequent(
    column: Coded, owners: NDArray[np.int64], items: int
) -> tuple[list[str], NDArray[np.uint8]]:
    """The most frequent texts; a list belongs to the most frequent one that it holds.

    Args:
        column: with a code for every text of every item.
        owners: int64, the item of each of the first codes.
        items: how many items there are.
    """
    codes = column.codes[: len(owners)]
    members = np.full(items, NO_GROUP, np.uint8)
    present = codes != MISSING
    found, counts = np.unique(codes[present], return_counts=True)
    if not len(found) or (counts.max() < 2 and len(found) > MOST_GROUPS):
        return [], members
    order = np.argsort(-counts, kind="stable")
    shown = MOST_GROUPS if len(found) <= MOST_GROUPS else MOST_GROUPS - 1
    groups = np.full(len(found), shown, np.uint8)
    groups[order[:shown]] = np.arange(min(shown, len(found)))
    names = [column.vocabulary[code] for code in found[order[:shown]].tolist()]
    np.minimum.at(members, owners[present], groups[np.searchsorted(found, codes[present])])
    return (names if len(found) <= MOST_GROUPS else [*names, OTHER]), members
