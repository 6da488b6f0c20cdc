"""Answers what comes next from the stored table."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from service.model import ragged

Votes = tuple[NDArray[np.int32], NDArray[np.float32]]
Sums = tuple[NDArray[np.int32], NDArray[np.float64]]


class NextSettings(BaseModel):
    """How the table answers by default; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: float = Field(ge=0, le=1, description="share of its weight an item keeps per step back")
    last_items: int = Field(20, ge=1, description="how many newest items of a session have a vote")


class Lists(NamedTuple):
    """Lists of items in one array.

    Attributes:
        items: int32 [items of all lists], list after list.
        offsets: int64 [lists + 1]; list l is `items[offsets[l]:offsets[l + 1]]`.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def gather(self, lists: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the items of some lists, list after list, and the lengths of the lists."""
        starts = self.offsets[lists]
        lengths = self.offsets[lists + 1] - starts
        return ragged.places(starts, lengths), lengths


@dataclass(frozen=True, eq=False)
class Continuations:
    """The table that answers `next`.

    Attributes:
        table: for every item, the items that come next, most likely first, ties in row order.
        scores: float32, one per item of `table`.
        settings: how the table answers by default.
    """

    table: Lists
    scores: NDArray[np.float32]
    settings: NextSettings

    def votes(
        self, session: NDArray[np.integer], weights: NDArray[np.float32], n: int | None = None
    ) -> Votes:
        """What comes after a session: each of its last items votes for its continuations.

        Args:
            session: int [items], newest last; a repeated item votes every time.
            weights: float32 [items], the weight of each vote; an item of weight 0 has no vote.
            n: how many items at most; all by default.

        Returns:
            Items (int32) and their share of the votes (float32), best first, ties in row order;
            items of the session may be among them.
        """
        last = self.settings.last_items
        session, weights = session[-last:], weights[-last:]
        session, weights = session[weights > 0], weights[weights > 0]
        if len(session) <= 1:
            return self._list(session, n)
        items, sums = self._sums(session, weights)
        total = max(sums.sum(dtype=np.float64), np.finfo(np.float32).tiny)
        votes = (sums / total).astype(np.float32)
        if n is not None and n < len(votes):
            contenders = votes >= np.partition(votes, -n)[-n]
            items, votes = items[contenders], votes[contenders]
        order = np.lexsort((items, -votes))[:n]
        return items[order], votes[order]

    def _list(self, session: NDArray[np.integer], n: int | None) -> Votes:
        """The continuations of at most one item, which are in order already."""
        offsets = self.table.offsets
        places = slice(offsets[session[0]], offsets[session[0] + 1]) if len(session) else slice(0)
        items, scores = self.table.items[places], self.scores[places]
        total = max(scores.sum(dtype=np.float64), np.finfo(np.float32).tiny)
        return items[:n], (scores[:n] / total).astype(np.float32)

    def _sums(self, session: NDArray[np.integer], weights: NDArray[np.float32]) -> Sums:
        """The continuations of several items, each once, and the sums of their weighted scores."""
        places, lengths = self.table.gather(session)
        weighted = self.scores[places] * np.repeat(weights, lengths)
        order = np.argsort(self.table.items[places], kind="stable")
        places = places[order]
        items = self.table.items[places]
        is_first = np.diff(items, prepend=-1) > 0
        candidates = np.cumsum(is_first) - 1
        sums: NDArray[Any] = np.bincount(candidates, weighted[order])
        return items[is_first], sums


Relation = Literal["similar", "next"]
