"""What a model knows of its items, one by one."""

from collections.abc import Iterable
from functools import cached_property, lru_cache, partial

from service.model.answers import Item, Neighbor
from service.model.artifact import Artifact
from service.model.errors import UnknownItemError
from service.model.item_ids import ItemIds
from service.model.search import Search

KEPT = 65_536  # ids and names of items that were asked for or answered lately


class Catalogue:
    """The items of one artifact, as rows, ids and titles. Immutable, so threads can share it."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self.ids = ids = ItemIds.of(artifact.item_ids)
        titles = artifact.titles
        self.names = lru_cache(KEPT)(lambda row: (ids[row], titles[row]))
        self.row = lru_cache(KEPT)(partial(_row, ids))
        """The row of an item; raises UnknownItemError."""

    def __len__(self) -> int:
        """The number of items."""
        return len(self.ids)

    def __contains__(self, item_id: str) -> bool:
        """Whether the model knows the item."""
        return self.ids.row(item_id) is not None

    def rows(self, item_ids: Iterable[str]) -> list[int]:
        """The rows of the items that the model knows."""
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
        """Everything that is known of an item."""
        artifact = self._artifact
        return Item(self.ids[row], artifact.titles[row], int(artifact.counts[row]), self.data(row))

    def data(self, row: int) -> dict[str, object]:
        """The metadata of an item."""
        return {name: values[row] for name, values in self._artifact.metadata.items()}

    def find(self, text: str, k: int) -> list[int]:
        """Rows with every word of the text; see `Recommender.find`."""
        return self._words.find(text, k) if text.strip() else list(range(min(k, len(self))))

    @cached_property
    def _words(self) -> Search:
        return self._artifact.search or Search.in_memory(self._artifact.texts())


def _row(ids: ItemIds, item_id: str) -> int:
    """Raises an error where there is none, so that a cache holds no unknown ids."""
    row = ids.row(item_id)
    if row is None:
        raise UnknownItemError(item_id)
    return row
