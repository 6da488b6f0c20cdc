"""Similar items, recommendations and analogies from one loaded artifact."""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import index, ragged
from service.model.answers import Item, Neighbor, Query, Recommendation
from service.model.artifact import Artifact
from service.model.continuations import Continuations, Relation
from service.model.errors import InputError, NoContinuationsError, UnknownItemError
from service.model.item_ids import ItemIds
from service.model.search import Search
from service.model.similarity import query_rows

NAMES_KEPT = 65_536  # ids and titles of items that answers have named lately
ITEMS_PER_BLOCK = 1 << 16
ONE = np.ones(1, np.float32)  # the weight of a single item
MOST_ITEMS_OF_A_QUICK_QUERY = 200  # that are liked and wanted


class Recommender:
    """Answers queries from one artifact. Immutable, so threads can share it.

    Args:
        artifact: a loaded (or just trained) model.

    Attributes:
        hidden: the rows that no answer names; replaced as a whole, never changed.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.hidden: frozenset[int] = frozenset()
        self._ids = ItemIds.of(artifact.item_ids)
        self._total_count = int(artifact.counts.sum())
        ids, titles = self._ids, artifact.titles
        self._names = lru_cache(NAMES_KEPT)(lambda item: (ids[item], titles[item]))
        self._known_item = lru_cache(NAMES_KEPT)(partial(_known_row, ids))

    @property
    def version(self) -> str:
        """The version of the model that answers."""
        return self.artifact.manifest.model_version

    @property
    def relations(self) -> tuple[Relation, ...]:
        """What the model can be asked for."""
        return ("similar",) if self.artifact.continuations is None else ("similar", "next")

    def __contains__(self, item_id: str) -> bool:
        """Whether the model knows the item."""
        return self._ids.row(item_id) is not None

    def rows_of(self, item_ids: Iterable[str]) -> frozenset[int]:
        """The rows of the items that the model knows."""
        rows = map(self._ids.row, item_ids)
        return frozenset(row for row in rows if row is not None)

    def similar(self, item_id: str, k: int = 10, relation: Relation = "similar") -> list[Neighbor]:
        """The items most similar to an item, or those that come next; never the item itself.

        Similar items are read from the artifact if its lists are long enough, else searched.

        Raises:
            UnknownItemError: the model does not know the item.
            NoContinuationsError: the model does not know what comes next.
        """
        if relation == "similar" and (listed := self.listed(item_id, k)) is not None:
            return listed
        [neighbors] = self.best([self.item_query(item_id, k, relation)])
        return neighbors

    def item_query(self, item_id: str, k: int, relation: Relation = "similar") -> Query:
        """An item, ready to be ranked; see `similar`.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        item = self._known_item(item_id)
        return Query([item], ONE, k, {item}, relation)

    def listed(self, item_id: str, k: int) -> list[Neighbor] | None:
        """The items most similar to an item, or None if that takes a search.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        lists = self.artifact.neighbors
        best = lists and lists.best(self._known_item(item_id), k)
        return best and [self._neighbor(*one) for one in zip(*best, strict=True)]

    def recommend(
        self,
        liked: Sequence[str],
        k: int = 10,
        exclude: Collection[str] = (),
        *,
        relation: Relation = "similar",
        decay: float | None = None,
    ) -> Recommendation:
        """The items most similar to a taste, or those that come next.

        A taste is the weighted mean of the liked items' unit vectors.

        Args:
            liked: item ids, the newest last; unknown ones are listed in the answer, a repeated one
                weighs more.
            k: how many items at most; fewer if no more are allowed or have a vote for what comes
                next.
            exclude: item ids that must not be recommended; liked items never are.
            relation: "similar" items, or those that come "next" after the liked ones.
            decay: the share of its weight that a known liked item keeps per step back: 1 is the
                plain mean, 0 counts the newest item alone. None is the model's default, see
                `default_decay`.

        Raises:
            InputError: the decay is not between 0 and 1.
            NoContinuationsError: the model does not know what comes next.
        """
        query = self.query(liked, k, exclude, relation=relation, decay=decay)
        [neighbors] = self.best([query])
        return self.recommendation(liked, query, neighbors)

    def query(
        self,
        liked: Sequence[str],
        k: int,
        exclude: Collection[str] = (),
        *,
        relation: Relation = "similar",
        decay: float | None = None,
    ) -> Query:
        """A taste, ready to be ranked; see `recommend`, which is this, `best` and `recommendation`.

        Raises:
            InputError: the decay is not between 0 and 1.
            NoContinuationsError: the model does not know what comes next.
        """
        items = self._rows(liked)
        banned = {*items, *self._rows(exclude)}
        if decay is None:
            decay = self.default_decay(relation)
        weights = _powers(decay, np.arange(len(items) - 1, -1, -1))
        return Query(items, weights, k, banned, relation)

    def best(self, queries: Sequence[Query]) -> list[list[Neighbor]]:
        """The best items for each of some queries of one relation, ranked together.

        A query without items has no neighbors.
        """
        if queries[0].relation == "next":
            return [self._next(query) for query in queries]
        tastes = [query for query in queries if query.items]
        if not tastes:
            return [[] for _ in queries]
        starts = list(accumulate((len(taste.items) for taste in tastes[:-1]), initial=0))
        items = np.array([item for taste in tastes for item in taste.items], np.int64)
        weights = np.concatenate([taste.weights for taste in tastes])
        wanted = max(taste.k + len(taste.banned) for taste in tastes)
        scores, ranked = self._search(
            self._tastes(items, np.array(starts), weights), min(wanted, len(self._ids))
        )
        found = zip(ranked.tolist(), scores.tolist(), strict=True)
        return [self._allowed(query, *next(found)) if query.items else [] for query in queries]

    def is_quick(self, query: Query) -> bool:
        """Whether `best` takes about a millisecond at most for a query."""
        if len(query.items) + query.k > MOST_ITEMS_OF_A_QUICK_QUERY:
            return False
        is_search = query.items and query.relation == "similar"
        return not is_search or index.is_quick(self.artifact.cosine_index)

    def _next(self, query: Query) -> list[Neighbor]:
        continuations, wanted = self._continuations(), query.k + len(query.banned)
        if len(query.items) == 1:
            items, votes = continuations.after(query.items[0], wanted)
        else:
            rows = np.array(query.items, np.int64)
            items, votes = continuations.votes(rows, query.weights, wanted)
        return self._allowed(query, items.tolist(), votes.tolist())

    def _allowed(self, query: Query, items: list[int], scores: list[float]) -> list[Neighbor]:
        banned, names = query.banned, self._names
        allowed = [
            (item, score)
            for item, score in zip(items, scores, strict=True)
            if item >= 0 and item not in banned
        ]
        return [Neighbor(*names(item), score) for item, score in allowed[: query.k]]

    def recommendation(
        self, liked: Sequence[str], query: Query, neighbors: list[Neighbor]
    ) -> Recommendation:
        """The answer to a query; by popularity if no liked item is known.

        Args:
            liked: the item ids that the query was made of.
            query: the same, as rows.
            neighbors: the best items for it.
        """
        unknown = (
            []
            if len(query.items) == len(liked)
            else [item_id for item_id in liked if item_id not in self]
        )
        if not query.items:
            return Recommendation(self._most_popular(query.k, query.banned), unknown, "popularity")
        ignored = self._ignored(query.items, query.relation)
        return Recommendation(neighbors, unknown, ignored_items=ignored)

    def default_decay(self, relation: Relation) -> float:
        """The decay of a query that names none, as the model has it.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        if relation == "similar":
            return self.artifact.manifest.similar.decay
        return self._continuations().settings.decay

    def rank(
        self,
        items: NDArray[np.integer[Any]],
        offsets: NDArray[np.int64],
        weights: NDArray[np.float32],
        k: int,
        relation: Relation = "similar",
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k best items for each of many tastes; items of the taste may be among them.

        Every query above is one taste; offline evaluation ranks many at a time.

        Args:
            items: int [items of all tastes], taste after taste.
            offsets: int64 [tastes + 1]; taste t is `items[offsets[t]:offsets[t + 1]]`.
            weights: float32 [items of all tastes]; see `decayed`.
            k: how many, at most the size of the catalogue.
            relation: whether to rank "similar" items or those that come "next".

        Returns:
            int64 and float32 [tastes, k]: items, best first, and their scores or shares of votes.
            A shorter list is filled up with -1; that of a taste without items is empty.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        k = min(k, len(self._ids))
        ranked = np.full((len(offsets) - 1, k), -1, np.int64)
        scores = np.full(ranked.shape, -np.inf, np.float32)
        nonempty = np.flatnonzero(np.diff(offsets))
        if relation == "next":
            continuations = self._continuations()
            for taste in nonempty:
                part = slice(int(offsets[taste]), int(offsets[taste + 1]))
                candidates, votes = continuations.votes(items[part], weights[part], k)
                n = min(k, len(candidates))
                ranked[taste, :n], scores[taste, :n] = candidates[:n], votes[:n]
            return ranked, scores
        items_before = offsets[nonempty]
        first = 0
        while first < len(nonempty):
            limit = items_before[first] + ITEMS_PER_BLOCK
            last = max(int(np.searchsorted(items_before, limit)), first + 1)
            block = nonempty[first:last]
            part = slice(int(offsets[block[0]]), int(offsets[block[-1] + 1]))
            tastes = self._tastes(items[part], offsets[block] - part.start, weights[part])
            scores[block], ranked[block] = self._search(tastes, k)
            first = last
        return ranked, scores

    def analogy(
        self, positive: Sequence[str], negative: Sequence[str] = (), k: int = 10
    ) -> list[Neighbor]:
        """The items most similar to the sum of the unit vectors; negative ones count -1.

        See `analogy_query`.
        """
        [neighbors] = self.best([self.analogy_query(positive, negative, k)])
        return neighbors

    def analogy_query(
        self, positive: Sequence[str], negative: Sequence[str] = (), k: int = 10
    ) -> Query:
        """A sum of unit vectors, ready to be ranked.

        The arithmetic of "king - man + woman" (Mikolov et al., arXiv 1301.3781), with the semantics
        of gensim's `most_similar`. The items of the query are never returned.

        Raises:
            UnknownItemError: the model does not know one of the items.
            InputError: no item was given.
        """
        items = [self._known_item(item_id) for item_id in (*positive, *negative)]
        if not items:
            raise InputError("an analogy needs at least one positive or negative item")
        weights = np.repeat(np.array([1, -1], np.float32), [len(positive), len(negative)])
        return Query(items, weights, k, set(items), "similar")

    def item(self, item_id: str) -> Item:
        """What the model knows of an item.

        Raises:
            UnknownItemError: the model does not know it.
        """
        return self._description(self._known_item(item_id))

    def find(self, text: str, k: int = 10) -> list[Item]:
        """Items with every word of the text in their id or title, most frequent first.

        The last word may be the beginning of one. A text without words finds nothing, an empty one
        the most frequent items. See `Search.find`.

        Raises:
            UnavailableError: the index cannot be read.
        """
        rows = self._words.find(text, k) if text.strip() else range(min(k, len(self._ids)))
        return [self._description(row) for row in rows]

    @cached_property
    def _units(self) -> NDArray[np.float32]:
        """The unit vectors of all items, where the index keeps them."""
        return index.rows(self.artifact.cosine_index)[:, :-1]

    @cached_property
    def _words(self) -> Search:
        return self.artifact.search or Search.in_memory(self.artifact.texts())

    def _description(self, item: int) -> Item:
        artifact = self.artifact
        metadata = {name: values[item] for name, values in artifact.metadata.items()}
        return Item(self._ids[item], artifact.titles[item], int(artifact.counts[item]), metadata)

    def _rows(self, item_ids: Iterable[str]) -> list[int]:
        """The rows of the items that the model knows."""
        rows = []
        for item_id in item_ids:
            try:
                rows.append(self._known_item(item_id))
            except UnknownItemError:
                continue
        return rows

    def _tastes(
        self,
        items: NDArray[np.integer[Any]],
        starts: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """float32 [tastes, vector_size + 1], see `query_rows`."""
        artifact = self.artifact
        units = self._units[items]
        counts, settings = artifact.counts[items], artifact.manifest.similar
        return query_rows(units, counts, weights, starts, settings)

    def _ignored(self, items: list[int], relation: Relation) -> list[str]:
        """The ids of the items that have no vote."""
        if relation == "similar":
            return []
        last = self._continuations().settings.last_items
        voters = set(items[-last:])
        return [self._ids[item] for item in items[:-last] if item not in voters]

    def _continuations(self) -> Continuations:
        if self.artifact.continuations is None:
            raise NoContinuationsError(
                f"model {self.version} does not know what comes next: train one with "
                "continuations above 0, or ask for similar items"
            )
        return self.artifact.continuations

    def _search(
        self, tastes: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        scores, items = index.search(self.artifact.cosine_index, tastes, k)
        # Rounding takes a score above 1; a discount may take it below -1, which no answer needs.
        return np.clip(scores, -1, 1), items

    def _most_popular(self, k: int, banned: set[int]) -> list[Neighbor]:
        items = (item for item in range(len(self._ids)) if item not in banned)
        return [
            self._neighbor(item, int(self.artifact.counts[item]) / self._total_count)
            for item, _ in zip(items, range(k), strict=False)
        ]

    def _neighbor(self, item: int, score: float) -> Neighbor:
        return Neighbor(*self._names(item), score)


def _known_row(ids: ItemIds, item_id: str) -> int:
    """Raises an error where there is none, so that a cache holds no unknown ids."""
    row = ids.row(item_id)
    if row is None:
        raise UnknownItemError(item_id)
    return row


def decayed(offsets: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
    """The weights of the items of some lists, newest last: decay ** steps back.

    Args:
        offsets: int64 [lists + 1], starting with 0; see `service.model.ragged`.
        decay: the share of its weight an item keeps per step back: 1 weighs all items equally,
            0 only the last one.

    Returns:
        float32 [offsets[-1]].

    Raises:
        InputError: the decay is not between 0 and 1.
    """
    return _powers(decay, ragged.steps_back(offsets))


def _powers(decay: float, steps: NDArray[np.int64]) -> NDArray[np.float32]:
    if not 0 <= decay <= 1:
        raise InputError(f"decay: {decay} is not between 0 and 1")
    weights: NDArray[np.float32] = np.power(decay, steps).astype(np.float32)
    return weights
