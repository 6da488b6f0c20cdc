"""Similar items, recommendations and analogies from one loaded artifact."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.artifact import Artifact, unit
from service.errors import InputError, UnknownItemError

MIN_EF_SEARCH = 64


@dataclass(frozen=True)
class Neighbor:
    """One item of an answer.

    Attributes:
        item_id: its id.
        title: its title, None where it has none.
        score: cosine with the query; its share of all occurrences where popularity answered.
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
    """

    neighbors: list[Neighbor]
    unknown_items: list[str] = field(default_factory=list)
    fallback_used: str | None = None


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

    def similar(self, item_id: str, k: int = 10) -> list[Neighbor]:
        """The items nearest to one item by cosine, never the item itself.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        row = self._row(item_id)
        return self._nearest(self._unit_vectors([row])[0], k, {row})

    def recommend(
        self, liked: Sequence[str], k: int = 10, exclude: Collection[str] = ()
    ) -> Recommendation:
        """The items nearest to a taste: the mean of the liked items' unit vectors.

        Args:
            liked: item ids; the unknown ones are listed in the answer, a repeated one weighs more.
            k: how many items at most.
            exclude: item ids that must not be recommended; liked items never are.
        """
        unknown = [item_id for item_id in liked if item_id not in self._rows]
        rows = [self._rows[item_id] for item_id in liked if item_id in self._rows]
        banned = {self._rows[item_id] for item_id in exclude if item_id in self._rows}
        if not rows:
            return Recommendation(self._most_popular(k, banned), unknown, "popularity")
        taste = unit(self._unit_vectors(rows).mean(axis=0))
        return Recommendation(self._nearest(taste, k, banned.union(rows)), unknown)

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
        query = unit((weights[:, None] * self._unit_vectors(rows)).mean(axis=0))
        return self._nearest(query, k, set(rows))

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

    def _unit_vectors(self, rows: list[int]) -> NDArray[np.float32]:
        return unit(np.asarray(self.artifact.input_vectors[rows]))

    def _nearest(self, query: NDArray[np.float32], k: int, banned: set[int]) -> list[Neighbor]:
        """The k rows of largest inner product, found by asking for as many more as are banned."""
        wanted = min(k + len(banned), len(self._rows))
        scores, rows = self._search(query, wanted)
        kept = [
            self._neighbor(row, score)
            for row, score in zip(rows, scores, strict=True)
            if row >= 0 and row not in banned
        ]
        return kept[:k]

    def _search(self, query: NDArray[np.float32], k: int) -> tuple[list[float], list[int]]:
        index = self.artifact.cosine_index
        parameters = None
        if isinstance(index, faiss.IndexHNSW):
            parameters = faiss.SearchParametersHNSW(  # type: ignore[attr-defined]
                efSearch=max(MIN_EF_SEARCH, 2 * k)
            )
        scores, rows = index.search(query[None, :], k, params=parameters)
        return scores[0].tolist(), rows[0].tolist()

    def _most_popular(self, k: int, banned: set[int]) -> list[Neighbor]:
        rows = (row for row in range(len(self._rows)) if row not in banned)
        return [
            self._neighbor(row, int(self.artifact.counts[row]) / self._total_count)
            for row, _ in zip(rows, range(k), strict=False)
        ]

    def _neighbor(self, row: int, score: float) -> Neighbor:
        return Neighbor(self.artifact.item_ids[row], self.artifact.titles[row], score)
