"""Answers what comes next from the stored table."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from service.model.errors import InputError
from service.model.logit import Fit, Logit
from service.model.sequences import NO_SEQUENCES, Sequences

Votes = tuple[NDArray[np.int32], NDArray[np.float32]]
Sums = tuple[NDArray[np.int32], NDArray[np.float64]]


class NextSettings(BaseModel):
    """How the table answers by default; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: float = Field(ge=0, le=1, description="share of its weight an item keeps per step back")
    last_items: int = Field(20, ge=1, description="how many newest items of a session have a vote")
    logit: Logit | None = Field(
        None, description="what else has a say, weighed on the log itself; null: the table alone"
    )
    fit: Fit | None = Field(None, description="how the weights were found, or why there are none")


class Lists(NamedTuple):
    """Lists of items in one array.

    Attributes:
        items: int32 [items of all lists], list after list.
        offsets: int64 [lists + 1]; list l is `items[offsets[l]:offsets[l + 1]]`.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Continuations:
    """The table that answers `next`.

    Attributes:
        table: for every item, the items that come next, most likely first, ties in row order.
        scores: float32, one per item of `table`.
        settings: how the table answers by default.
        sequences: what came right after short sequences of items.
        recent: int32 [items], occurrences among the newest events; empty where only the table has
            a say.
    """

    table: Lists
    scores: NDArray[np.float32]
    settings: NextSettings
    sequences: Sequences = NO_SEQUENCES
    recent: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def weighed(self, logit: Logit | None, fit: Fit | None) -> "Continuations":
        """The same table, with weights of the voices; without what has no say."""
        settings = self.settings.model_copy(update={"logit": logit, "fit": fit})
        if logit is None:
            return Continuations(self.table, self.scores, settings)
        return replace(self, settings=settings)

    def votes(
        self, session: NDArray[np.integer], weights: NDArray[np.float32], n: int | None = None
    ) -> Votes:
        """What comes after a session: each of its last items votes for its continuations.

        Args:
            session: int [items], newest last; a repeated item votes every time.
            weights: float32 [items], the weight of each vote; an item of weight 0 has no vote, one
                below 0 votes against, and what is left with no more than 0 is not returned.
            n: how many items at most; all by default.

        Returns:
            Items (int32) and their share of the votes (float32), best first, ties in row order;
            items of the session may be among them.
        """
        last = self.settings.last_items
        session, weights = session[-last:], weights[-last:]
        session, weights = session[weights != 0], weights[weights != 0]
        if not len(session):
            return np.empty(0, np.int32), np.empty(0, np.float32)
        if len(session) == 1 and weights[0] > 0:
            return self._after(int(session[0]), n)
        items, sums = self._sums(session, weights)
        if weights.min() < 0:
            items, sums = items[sums > 0], sums[sums > 0]
        total = max(sums.sum(dtype=np.float64), np.finfo(np.float32).tiny)
        votes = (sums / total).astype(np.float32)
        if n is not None and n < len(votes):
            contenders = votes >= np.partition(votes, -n)[-n]
            items, votes = items[contenders], votes[contenders]
        order = np.lexsort((items, -votes))[:n]
        return items[order], votes[order]

    @cached_property
    def _borders(self) -> memoryview:
        return self.table.offsets.data

    def _after(self, item: int, n: int | None = None) -> Votes:
        """What comes after one item: its list, which is in order."""
        places = slice(self._borders[item], self._borders[item + 1])
        items, scores = self.table.items[places], self.scores[places]
        total = max(scores.sum(dtype=np.float64), np.finfo(np.float32).tiny)
        return items[:n], (scores[:n] / total).astype(np.float32)

    def _sums(self, session: NDArray[np.integer], weights: NDArray[np.float32]) -> Sums:
        """The continuations of several items, each once, and the sums of their weighted scores."""
        borders, table, scores = self._borders, self.table.items, self.scores
        lists = [slice(borders[item], borders[item + 1]) for item in session.tolist()]
        items = np.concatenate([table[places] for places in lists])
        weighted = np.concatenate(
            [scores[places] * w for places, w in zip(lists, weights, strict=True)]
        )
        order = np.argsort(items, kind="stable")
        items = items[order]
        is_first = np.ones(len(items), np.bool_)
        np.not_equal(items[1:], items[:-1], out=is_first[1:])
        candidates = np.cumsum(is_first) - 1
        sums: NDArray[Any] = np.bincount(candidates, weighted[order])
        return items[is_first], sums


Relation = Literal["similar", "next"]
RELATIONS = get_args(Relation)


def check_relation(relation: str) -> None:
    """Refuses what no model can be asked for.

    Raises:
        InputError: it is no relation.
    """
    if relation not in RELATIONS:
        raise InputError(f"relation = {relation!r} should be {' or '.join(RELATIONS)}")
