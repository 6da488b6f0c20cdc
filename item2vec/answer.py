"""What a model answers: items, best first."""

from collections.abc import Iterable, Sequence
from typing import Any

from item2vec.tables import Library, as_frame, as_html, as_text
from service.model.answers import WHY_SHORT, Neighbor, ShortBecause

KINDS = {"item_id": str, "title": str, "score": float}


class Answer(list[Neighbor]):
    """A list of (item_id, title, score), best first.

    Attributes:
        unknown_items: items of the query that the model does not know.
        fallback_used: "popularity" if it knows none of them, so that the most frequent items are
            answered; else None.
        ignored_items: items of the query too far back to have a vote for what comes next.
        short_because: why there are fewer items than were asked for, else None.
    """

    def __init__(
        self,
        neighbors: Iterable[Neighbor],
        unknown_items: Sequence[str] = (),
        fallback_used: str | None = None,
        short_because: ShortBecause | None = None,
        ignored_items: Sequence[str] = (),
    ) -> None:
        super().__init__(neighbors)
        self.unknown_items = list(unknown_items)
        self.fallback_used = fallback_used
        self.short_because = short_because
        self.ignored_items = list(ignored_items)

    @property
    def ids(self) -> list[str]:
        """The ids alone."""
        return [neighbor.item_id for neighbor in self]

    def to_frame(self, library: Library = "polars") -> Any:
        """A table with the columns item_id, title and score, of polars or pandas.

        Raises:
            InputError: it is to be neither.
            MissingPackageError: the library is not installed.
        """
        return as_frame(KINDS, self, library)

    def __repr__(self) -> str:
        """A line for each item, and remarks."""
        return "\n".join([as_text(list(KINDS), self), *self._remarks()])

    def _repr_html_(self) -> str:
        remarks = "".join(f"<p>{remark}</p>" for remark in self._remarks())
        return as_html(list(KINDS), self) + remarks

    def _remarks(self) -> list[str]:
        remarks = []
        if self.fallback_used:
            remarks.append("no item of the query is known: these are the most popular items")
        elif self.unknown_items:
            remarks.append(f"{_items(self.unknown_items)} unknown: see .unknown_items")
        if self.ignored_items:
            remarks.append(f"{_items(self.ignored_items)} too far back: see .ignored_items")
        if self.short_because:
            remarks.append(f"no more items: {WHY_SHORT[self.short_because]}")
        return remarks


def _items(ids: Sequence[str]) -> str:
    return "1 item of the query is" if len(ids) == 1 else f"{len(ids):,} items of the query are"
