"""Similar items, recommendations and analogies from one loaded artifact."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact, unit
from service.model.continuations import Continuations, Relation
from service.model.errors import InputError, NoContinuationsError, UnknownItemError
from service.model.ragged import steps_back

MIN_EF_SEARCH = 64
ITEMS_PER_BLOCK = 1 << 16


@dataclass(frozen=True)
class Neighbor:
    """One item of an answer.

    Attributes:
        item_id: its id.
        title: its title, None where it has none.
        score: cosine with the query; its share of the votes for what comes next; its share of all
            occurrences where popularity answered.
    """

    item_id: str
    title: str | None
    score: float


@dataclass(frozen=True)
class Recommendation:
    """What fits a taste.

    Attributes:
        neighbors: best first.
        unknown_items: liked items the model does not know, in the order given.
        fallback_used: "popularity" where no liked item is known, else None.
        ignored_items: liked items too far back to have a vote for what comes next, in the order
            given.
    """

    neighbors: list[Neighbor]
    unknown_items: list[str] = field(default_factory=list)
    fallback_used: str | None = None
    ignored_items: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """What the model knows of an item: id, title, occurrences in training and metadata."""

    item_id: str
    title: str | None
    count: int
    metadata: dict[str, Any]


class Recommender:
    """Answers queries over one artifact. Safe to share between threads: nothing changes in it.

    Args:
        artifact: a loaded (or just trained) model.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._rows = {item_id: row for row, item_id in enumerate(artifact.item_ids)}
        self._total_count = int(artifact.counts.sum())
        self._searchable = [
            f"{item_id} {title or ''}".casefold()
            for item_id, title in zip(artifact.item_ids, artifact.titles, strict=True)
        ]

    @property
    def version(self) -> str:
        """The version of the model that answers."""
        return self.artifact.manifest.model_version

    def __contains__(self, item_id: str) -> bool:
        """Whether the model knows the item."""
        return item_id in self._rows

    def similar(self, item_id: str, k: int = 10, relation: Relation = "similar") -> list[Neighbor]:
        """The items nearest to one item by cosine, or those that come next; never the item itself.

        Raises:
            UnknownItemError: the model does not know the item.
            NoContinuationsError: the model does not know what comes next.
        """
        row = self._row(item_id)
        return self._best([row], np.ones(1, np.float32), k, {row}, relation)

    def recommend(
        self,
        liked: Sequence[str],
        k: int = 10,
        exclude: Collection[str] = (),
        *,
        relation: Relation = "similar",
        decay: float | None = None,
    ) -> Recommendation:
        """What fits a taste, the weighted mean of the liked items' unit vectors, or comes next.

        Args:
            liked: item ids, the newest last; the unknown ones are listed in the answer, a repeated
                one weighs more.
            k: how many items at most; fewer come back where no more are allowed, or have a vote
                for what comes next.
            exclude: item ids that must not be recommended; liked items never are.
            relation: "similar" items, or those that come "next" after the liked ones.
            decay: the share of its weight that a known liked item keeps per step back: 1 is the
                plain mean, 0 counts the newest alone. None is 1 for similar items, and for the
                next ones what the trainer has found best.

        Raises:
            InputError: the decay is not between 0 and 1.
            NoContinuationsError: the model does not know what comes next.
        """
        unknown = [item_id for item_id in liked if item_id not in self._rows]
        rows = [self._rows[item_id] for item_id in liked if item_id in self._rows]
        banned = {self._rows[item_id] for item_id in exclude if item_id in self._rows}
        default_decay = self.default_decay(relation)
        weights = decayed(np.array([0, len(rows)]), default_decay if decay is None else decay)
        if not rows:
            return Recommendation(self._most_popular(k, banned), unknown, "popularity")
        neighbors = self._best(rows, weights, k, banned.union(rows), relation)
        return Recommendation(neighbors, unknown, ignored_items=self._ignored(rows, relation))

    def default_decay(self, relation: Relation) -> float:
        """The share of its weight that a liked item keeps per step back, by default.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        return 1.0 if relation == "similar" else self._continuations().settings.decay

    def rank(
        self,
        rows: NDArray[np.integer[Any]],
        offsets: NDArray[np.int64],
        weights: NDArray[np.float32],
        k: int,
        relation: Relation = "similar",
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k best rows for each of many tastes, the items of the taste among them.

        Every query above is one taste of this; offline evaluation asks many at a time.

        Args:
            rows: int [items of all tastes], taste after taste.
            offsets: int64 [tastes + 1]; taste t is `rows[offsets[t]:offsets[t + 1]]`.
            weights: float32, one an item of `rows`; see `decayed`.
            k: how many, at most as many as there are items.
            relation: what the rows are to the taste.

        Returns:
            int64 and float32 [tastes, k]: rows, best first, -1 where there are no more, and their
            cosines, or shares of votes for what comes next. A taste of no items has none.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        k = min(k, len(self._rows))
        found = np.full((len(offsets) - 1, k), -1, np.int64)
        scores = np.full(found.shape, -np.inf, np.float32)
        asked = np.flatnonzero(np.diff(offsets))
        if relation == "next":
            continuations = self._continuations()
            for taste in asked:
                part = slice(int(offsets[taste]), int(offsets[taste + 1]))
                items, votes = continuations.votes(rows[part], weights[part])
                n = min(k, len(items))
                found[taste, :n], scores[taste, :n] = items[:n], votes[:n]
            return found, scores
        items_before = offsets[asked]
        first = 0
        while first < len(asked):
            limit = items_before[first] + ITEMS_PER_BLOCK
            last = max(int(np.searchsorted(items_before, limit)), first + 1)
            block = asked[first:last]
            part = slice(int(offsets[block[0]]), int(offsets[block[-1] + 1]))
            tastes = self._tastes(rows[part], offsets[block] - part.start, weights[part])
            scores[block], found[block] = self._search(tastes, k)
            first = last
        return found, scores

    def analogy(
        self, positive: Sequence[str], negative: Sequence[str] = (), k: int = 10
    ) -> list[Neighbor]:
        """The items nearest to the sum of unit vectors, negatives counting -1.

        The arithmetic of "king - man + woman": Mikolov et al., arXiv 1301.3781; the semantics are
        those of gensim's `most_similar`. The items of the query are never returned.

        Raises:
            UnknownItemError: the model does not know one of the items.
            InputError: no item was given.
        """
        rows = [self._row(item_id) for item_id in (*positive, *negative)]
        if not rows:
            raise InputError("an analogy needs at least one positive or negative item")
        weights = np.repeat(np.array([1, -1], np.float32), [len(positive), len(negative)])
        return self._best(rows, weights, k, set(rows))

    def item(self, item_id: str) -> Item:
        """What the model knows of an item.

        Raises:
            UnknownItemError: the model does not know it.
        """
        return self._item(self._row(item_id))

    def find(self, text: str, k: int = 10) -> list[Item]:
        """Items whose id or title contains every word of the text, most frequent first."""
        words = text.casefold().split()
        found: list[Item] = []
        for row, searchable in enumerate(self._searchable):
            if len(found) == k:
                break
            if all(word in searchable for word in words):
                found.append(self._item(row))
        return found

    def _item(self, row: int) -> Item:
        artifact = self.artifact
        metadata = {name: values[row] for name, values in artifact.metadata.items()}
        return Item(
            artifact.item_ids[row], artifact.titles[row], int(artifact.counts[row]), metadata
        )

    def _row(self, item_id: str) -> int:
        try:
            return self._rows[item_id]
        except KeyError:
            raise UnknownItemError(item_id) from None

    def _tastes(
        self,
        rows: NDArray[np.integer[Any]],
        starts: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """float32 [tastes, vector_size], of length one; each goes on to where the next starts."""
        vectors = unit(np.asarray(self.artifact.input_vectors[rows])) * weights[:, None]
        return unit(np.add.reduceat(vectors, starts, axis=0))

    def _best(
        self,
        rows: list[int],
        weights: NDArray[np.float32],
        k: int,
        banned: set[int],
        relation: Relation = "similar",
    ) -> list[Neighbor]:
        """The k best rows for a taste, found by asking for as many more as are banned."""
        offsets = np.array([0, len(rows)])
        found, scores = self.rank(np.array(rows), offsets, weights, k + len(banned), relation)
        kept = [
            self._neighbor(row, score)
            for row, score in zip(found[0].tolist(), scores[0].tolist(), strict=True)
            if row >= 0 and row not in banned
        ]
        return kept[:k]

    def _ignored(self, rows: list[int], relation: Relation) -> list[str]:
        """The ids of those that have no vote, wherever they stand."""
        if relation == "similar":
            return []
        last = self._continuations().settings.last_items
        voters = set(rows[-last:])
        return [self.artifact.item_ids[row] for row in rows[:-last] if row not in voters]

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
        index = self.artifact.cosine_index
        parameters = None
        if isinstance(index, faiss.IndexHNSW):
            parameters = faiss.SearchParametersHNSW(  # type: ignore[attr-defined]
                efSearch=max(MIN_EF_SEARCH, 2 * k)
            )
        scores, rows = index.search(tastes, k, params=parameters)
        return scores, rows

    def _most_popular(self, k: int, banned: set[int]) -> list[Neighbor]:
        rows = (row for row in range(len(self._rows)) if row not in banned)
        return [
            self._neighbor(row, int(self.artifact.counts[row]) / self._total_count)
            for row, _ in zip(rows, range(k), strict=False)
        ]

    def _neighbor(self, row: int, score: float) -> Neighbor:
        return Neighbor(self.artifact.item_ids[row], self.artifact.titles[row], score)


def decayed(offsets: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
    """The weights of the items of flat lists, newest last: decay ** steps back.

    Args:
        offsets: int64 [lists + 1], starting with 0.
        decay: 1 weighs all alike, 0 the last alone.

    Returns:
        float32 [offsets[-1]].

    Raises:
        InputError: the decay is not between 0 and 1.
    """
    if not 0 <= decay <= 1:
        raise InputError(f"decay: {decay} is not between 0 and 1")
    weights: NDArray[np.float32] = np.power(decay, steps_back(offsets)).astype(np.float32)
    return weights
