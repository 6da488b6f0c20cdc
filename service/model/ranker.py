"""Ranks the items of one artifact for tastes."""

from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import index
from service.model.artifact import Artifact
from service.model.continuations import Continuations, Relation
from service.model.errors import NoContinuationsError
from service.model.following import Following
from service.model.queries import Query
from service.model.similarity import query_rows

ITEMS_PER_BLOCK = 1 << 16
MOST_ITEMS_OF_A_QUICK_QUERY = 200  # that are liked and wanted

Ranked = tuple[list[int], list[float]]  # rows, best first, and their scores


class Ranker:
    """Finds the best rows. Immutable, so threads can share it."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._index = artifact.cosine_index
        self._items = artifact.manifest.items

    @cached_property
    def units(self) -> NDArray[np.float32]:
        """The unit vectors of all items, where the index keeps them."""
        return index.rows(self._index)[:, :-1]

    @cached_property
    def _searches_quickly(self) -> bool:
        return index.is_quick(self._index)

    @property
    def continuations(self) -> Continuations:
        """The table of what comes next.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        if self._artifact.continuations is None:
            raise NoContinuationsError(
                f"model {self._artifact.manifest.model_version} does not know what comes next: "
                "train one with continuations above 0, or ask for similar items"
            )
        return self._artifact.continuations

    @cached_property
    def following(self) -> Following:
        """What ranks what comes next.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        return Following(self.continuations, self.units, self._artifact.counts)

    def is_quick(self, query: Query) -> bool:
        """Whether `best` takes about a millisecond at most for a query."""
        if len(query.items) + query.places > MOST_ITEMS_OF_A_QUICK_QUERY:
            return False
        is_search = query.items and query.relation == "similar"
        return not is_search or self._searches_quickly

    def best(self, queries: Sequence[Query], hidden: Collection[int]) -> list[Ranked]:
        """The best rows for each of some queries of one relation, ranked together.

        A query without items has none.

        Args:
            queries: of one relation.
            hidden: rows that are in no answer.
        """
        if queries[0].relation == "next":
            return [self._following(query, hidden) for query in queries]
        tastes = [query for query in queries if query.items]
        if not tastes:
            return [([], []) for _ in queries]
        starts = list(accumulate((len(taste.items) for taste in tastes[:-1]), initial=0))
        vectors = self.tastes(
            np.array([item for taste in tastes for item in taste.items], np.int64),
            np.array(starts),
            np.concatenate([taste.weights for taste in tastes]),
        )
        ranked = iter(self._nearest(tastes, vectors, hidden))
        return [next(ranked) if query.items else ([], []) for query in queries]

    def _nearest(
        self, queries: list[Query], vectors: NDArray[np.float32], hidden: Collection[int]
    ) -> list[Ranked]:
        if all(query.mask is None for query in queries):
            return self._nearest_of_all(queries, vectors, hidden)
        return [
            self._nearest_of_all([query], vectors[place : place + 1], hidden)[0]
            if query.mask is None
            else self._nearest_allowed(query, vectors[place], hidden)
            for place, query in enumerate(queries)
        ]

    def _nearest_of_all(
        self, queries: list[Query], vectors: NDArray[np.float32], hidden: Collection[int]
    ) -> list[Ranked]:
        wanted = max(query.places + len(query.banned) for query in queries)
        scores, rows = self._search(vectors, min(wanted, self._items))
        ranked = [
            _allowed(query, hidden, *found)
            for query, *found in zip(queries, rows.tolist(), scores.tolist(), strict=True)
        ]
        for place, query in enumerate(queries if hidden else ()):
            if len(ranked[place][0]) < query.places:
                ranked[place] = self._nearest_allowed(query, vectors[place], hidden)
        return ranked

    def _nearest_allowed(
        self, query: Query, taste: NDArray[np.float32], hidden: Collection[int]
    ) -> Ranked:
        """The best of the items that a mask allows."""
        mask = self._mask(query, hidden)
        scores, rows = index.search_allowed(self._index, taste, query.places, mask)
        return rows.tolist(), np.clip(scores, -1, 1).tolist()

    def _following(self, query: Query, hidden: Collection[int]) -> Ranked:
        """The items with the most votes."""
        wanted = query.places + len(query.banned)
        if query.mask is None and not hidden:
            rows, votes = self._votes(query, wanted)
            return _allowed(query, hidden, rows.tolist(), votes.tolist())
        rows, votes = self._votes(query, None)
        if query.mask is not None:
            allowed = query.mask[rows]
            rows, votes = rows[allowed], votes[allowed]
        return _allowed(query, hidden, rows.tolist(), votes.tolist())

    def _votes(self, query: Query, n: int | None) -> tuple[NDArray[Any], NDArray[Any]]:
        session = np.array(query.items, np.int64)
        return self.following.ranked(session, query.weights, n, allow_seen=query.allow_seen)

    def popular(self, query: Query, hidden: Collection[int]) -> Ranked:
        """The most frequent rows, and their shares of all occurrences."""
        counts, total = self._artifact.counts, self._artifact.counts.sum()
        allowed = np.flatnonzero(self._mask(query, hidden))[: query.places]
        return allowed.tolist(), (counts[allowed] / total).tolist()

    def _mask(self, query: Query, hidden: Collection[int]) -> NDArray[np.bool_]:
        mask = np.ones(self._items, np.bool_) if query.mask is None else query.mask.copy()
        mask[list(query.banned)] = False
        mask[list(hidden)] = False
        return mask

    def scores(self, query: Query) -> NDArray[np.float32]:
        """The score of every item, float32 [items]; NaN where an item has no vote."""
        if query.relation == "similar":
            [taste] = self.tastes(
                np.array(query.items, np.int64), np.zeros(1, np.int64), query.weights
            )
            scores: NDArray[np.float32] = np.clip(
                index.products(self._index, taste, slice(None)), -1, 1
            )
            return scores
        votes = np.full(self._items, np.nan, np.float32)
        rows, shares = self._votes(query, None)
        votes[rows] = shares
        return votes

    def rank(
        self,
        items: NDArray[np.integer[Any]],
        offsets: NDArray[np.int64],
        weights: NDArray[np.float32],
        k: int,
        relation: Relation,
        *,
        allow_seen: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `Recommender.rank`."""
        k = min(k, self._items)
        ranked = np.full((len(offsets) - 1, k), -1, np.int64)
        scores = np.full(ranked.shape, -np.inf, np.float32)
        nonempty = np.flatnonzero(np.diff(offsets))
        if relation == "next":
            for taste in nonempty:
                part = slice(int(offsets[taste]), int(offsets[taste + 1]))
                following, votes = self.following.ranked(
                    items[part], weights[part], k, allow_seen=allow_seen
                )
                ranked[taste, : len(following)], scores[taste, : len(votes)] = following, votes
            return ranked, scores
        items_before = offsets[nonempty]
        first = 0
        while first < len(nonempty):
            limit = items_before[first] + ITEMS_PER_BLOCK
            last = max(int(np.searchsorted(items_before, limit)), first + 1)
            block = nonempty[first:last]
            part = slice(int(offsets[block[0]]), int(offsets[block[-1] + 1]))
            tastes = self.tastes(items[part], offsets[block] - part.start, weights[part])
            scores[block], ranked[block] = self._search(tastes, k)
            first = last
        return ranked, scores

    def tastes(
        self,
        items: NDArray[np.integer[Any]],
        starts: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """float32 [tastes, vector_size + 1], see `query_rows`."""
        counts, settings = self._artifact.counts[items], self._artifact.manifest.similar
        return query_rows(self.units[items], counts, weights, starts, settings)

    def _search(
        self, tastes: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        scores, items = index.search(self._index, tastes, k)
        # Rounding takes a score above 1; a discount may take it below -1, which no answer needs.
        return np.clip(scores, -1, 1), items


def _allowed(query: Query, hidden: Collection[int], rows: list[int], scores: list[float]) -> Ranked:
    banned, places = query.banned, query.places
    kept: Ranked = [], []
    for row, score in zip(rows, scores, strict=True):
        if row < 0 or row in banned or row in hidden:
            continue
        if len(kept[0]) == places:
            break
        kept[0].append(row)
        kept[1].append(score)
    return kept
