"""What a model knows of its items, one by one."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

from service.model.answers import Item, Neighbor
from service.model.artifact import Artifact
from service.model.errors import UnknownItemError, UntrainedItemError
from service.model.item_ids import ItemIds
from service.model.search import Search

KEPT = 65_536  # ids and names of items that were asked for or answered lately


class Catalogue:
    """The items of one artifact, as rows, ids and titles. Immutable, so threads can share it."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self.ids = ids = artifact.ids
        titles = artifact.titles
        self.names = lru_cache(KEPT)(lambda row: (ids[row], titles[row]))
        self.row = lru_cache(KEPT)(partial(_row, ids, artifact.manifest.items))
        """The row of a trained item; raises UnknownItemError."""
        self.place = lru_cache(KEPT)(partial(_row, ids, len(ids)))
        """The row of any item; raises UnknownItemError."""

    def __len__(self) -> int:
        """The number of trained items, whose rows come first."""
        return self._artifact.manifest.items

    def __contains__(self, item_id: str) -> bool:
        """Whether the item is a trained one."""
        row = self.ids.row(item_id)
        return row is not None and row < len(self)

    def rows(self, item_ids: Iterable[str]) -> list[int]:
        """The rows of those of the items that are trained."""
        rows = []
        for item_id in item_ids:
            try:
                rows.append(self.row(item_id))
            except UnknownItemError:
                continue
        return rows

    def neighbors(self, rows: Iterable[int], scores: Iterable[float]) -> list[Neighbor]:
        """The items of an answer."""
        names = self.names
        return [Neighbor(*names(row), score) for row, score in zip(rows, scores, strict=True)]

    def item(self, row: int) -> Item:
        """Everything that is known of an item, trained or not."""
        artifact, place = self._artifact, row - len(self)
        if place < 0:
            count = int(artifact.counts[row])
            return Item(self.ids[row], artifact.titles[row], count, _data(artifact.metadata, row))
        others = artifact.untrained
        data = _data(others.metadata, place)
        return Item(self.ids[row], others.titles[place], 0, data, trained=False)

    def find(self, text: str, k: int) -> list[int]:
        """Rows with every word of the text; see `Recommender.find`."""
        return self._words.find(text, k) if text.strip() else list(range(min(k, len(self.ids))))

    @cached_property
    def _words(self) -> Search:
        return self._artifact.search or Search.in_memory(self._artifact.texts())


def _row(ids: ItemIds, end: int, item_id: str) -> int:
    """Raises an error where there is none before the end, so that a cache holds no unknown ids."""
    row = ids.row(item_id)
    if row is None:
        raise UnknownItemError(item_id)
    if row >= end:
        raise UntrainedItemError(item_id)
    return row


def _data(metadata: Mapping[str, Sequence[Any]], row: int) -> dict[str, Any]:
    return {name: values[row] for name, values in metadata.items()}
