"""What two items may have in common: words of their titles, tags, values of metadata."""

import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

SELDOM = 5
PAIRS_PER_BLOCK = 4096


class Attribute(Protocol):
    """Something by which an item's neighbours are judged.

    Attributes:
        name: a short one, for the heading of a column.
        meaning: what the mean over neighbours is, in words.
        known: bool [items], which items have a value.
    """

    name: str
    meaning: str
    known: NDArray[np.bool_]

    def agreement(
        self, items: NDArray[np.integer[Any]], neighbors: NDArray[np.integer[Any]], /
    ) -> NDArray[np.float64]:
        """How much each item agrees with a neighbour, mostly from 0 to 1.

        Args:
            items: int [pairs], rows of items with a value.
            neighbors: int [pairs], the other item of each pair; those without a value agree with
                nothing.

        Returns:
            float64 [pairs].
        """
        ...


class Cosine:
    """The cosine of two items' rows in a matrix, such as one of tags.

    Args:
        name: what the columns of the matrix are.
        matrix: float [items, features], sparse or dense; a row of zeros is an item without a value.
    """

    def __init__(self, name: str, matrix: sparse.sparray | ArrayLike) -> None:
        self.name = name
        self.meaning = f"mean cosine of {name}"
        rows = sparse.csr_array(matrix, dtype=np.float64)
        norms = np.sqrt((rows * rows).sum(axis=1))
        self.known: NDArray[np.bool_] = norms > 0
        scales = np.divide(1, norms, out=np.zeros_like(norms), where=self.known)
        self._units = (sparse.diags_array(scales) @ rows).tocsr()

    def agreement(
        self, items: NDArray[np.integer[Any]], neighbors: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """The cosine of each pair."""
        return _products(self._units, items, neighbors)


class SameValue:
    """The number of values that both items have, divided by that of values either has (Jaccard).

    An item has one value or a list of them; of single values it is 1 for the same, else 0.

    Args:
        column: what the values are.
        values: one per item, as in JSON; None, an empty list or a list of None is no value.
    """

    def __init__(self, column: str, values: Sequence[Any]) -> None:
        self.name = f"same {column}"
        self.meaning = f"share with the same {column}"
        self._values = incidence(_parts(value) for value in values)
        self._sizes = np.diff(self._values.indptr)
        self.known: NDArray[np.bool_] = self._sizes > 0

    def agreement(
        self, items: NDArray[np.integer[Any]], neighbors: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """The share of each pair."""
        common = _products(self._values, items, neighbors)
        share: NDArray[np.float64] = common / (self._sizes[items] + self._sizes[neighbors] - common)
        return share


class SeldomSeen:
    """Whether the neighbour was seen fewer than five times, whatever the item.

    Args:
        counts: int64 [items], occurrences in training.
    """

    name = f"seen < {SELDOM}"
    meaning = "share of answers seen fewer than five times"

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self.known = np.ones(len(counts), np.bool_)
        self._seldom = counts < SELDOM

    def agreement(
        self, _: NDArray[np.integer[Any]], neighbors: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """1 where the neighbour is rare, else 0."""
        seldom: NDArray[np.float64] = self._seldom[neighbors].astype(np.float64)
        return seldom


def title_words(titles: Sequence[str | None]) -> Cosine:
    """The cosine of the words of two titles; upper and lower case are the same, a word counts once.

    Args:
        titles: one per item, None for an item without a title.
    """
    words = (re.findall(r"\w+", (title or "").lower()) for title in titles)
    return Cosine("title words", incidence(words))


def attributes_of(
    titles: Sequence[str | None], metadata: Mapping[str, Sequence[Any]]
) -> list[Attribute]:
    """All that is known of the items beside what they are trained on.

    Amounts are left out: two items that cost the same need not have anything in common.

    Args:
        titles: one per item, or None.
        metadata: further columns, name to one value per item.
    """
    columns = (
        SameValue(name, values) for name, values in metadata.items() if not _are_amounts(values)
    )
    return [title_words(titles), *columns]


def _are_amounts(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float) and value % 1 for value in values)


def incidence(values: Iterable[Iterable[Hashable]]) -> sparse.csr_array:
    """Which item has which value: float64 [items, distinct values], 1 where it has it.

    Args:
        values: those of each item; a repeated one counts once.
    """
    column_of: dict[Hashable, int] = {}
    columns: list[int] = []
    offsets = [0]
    for of_item in values:
        # A dictionary and not a set: its order is the same in every run.
        columns += (column_of.setdefault(value, len(column_of)) for value in dict.fromkeys(of_item))
        offsets.append(len(columns))
    return sparse.csr_array(
        (np.ones(len(columns)), columns, offsets), shape=(len(offsets) - 1, max(len(column_of), 1))
    )


def _parts(value: object) -> list[Hashable]:
    """The values of a value: those of a list, else itself; None is none."""
    parts = value if isinstance(value, list) else [value]
    return [_hashable(part) for part in parts if part is not None]


def _hashable(value: object) -> Hashable:
    """The value itself, or as JSON if it is a list or an object."""
    if isinstance(value, Hashable):
        return value
    return json.dumps(value, sort_keys=True, default=str)


def _products(
    rows: sparse.csr_array,
    items: NDArray[np.integer[Any]],
    neighbors: NDArray[np.integer[Any]],
) -> NDArray[np.float64]:
    """The inner product of the two rows of each pair, in blocks of bounded memory."""
    products = np.empty(len(items))
    for first in range(0, len(items), PAIRS_PER_BLOCK):
        block = slice(first, first + PAIRS_PER_BLOCK)
        products[block] = (rows[items[block]] * rows[neighbors[block]]).sum(axis=1)
    return products
