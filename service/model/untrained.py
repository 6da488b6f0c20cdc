"""Items that are known, but not from the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Untrained:
    """Items without vectors and occurrences: they are found, and are in no answer.

    Attributes:
        item_ids: their ids, none of which is that of a trained item.
        titles: one per item, None without a title.
        metadata: the columns of the trained items, one value per item.
    """

    item_ids: Sequence[str] = ()
    titles: Sequence[str | None] = ()
    metadata: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of items."""
        return len(self.item_ids)


NOTHING_UNTRAINED = Untrained()


def together(trained: Sequence[T], untrained: Sequence[T]) -> Sequence[T]:
    """The values of trained items, then those of untrained ones."""
    return [*trained, *untrained] if untrained else trained
