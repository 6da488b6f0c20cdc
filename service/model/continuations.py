"""Answers what comes next from the stored table."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from service.model import ragged

Votes = tuple[NDArray[np.int32], NDArray[np.float32]]


class NextSettings(BaseModel):
    """How the table is asked, unless the caller says otherwise; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: float = Field(ge=0, le=1, description="share of its weight an item keeps per step back")
    last_items: int = Field(20, ge=1, description="items of a session that have a vote, the newest")


class Lists(NamedTuple):
    """Lists of rows, flat.

    Attributes:
        rows: int32, list after list.
        offsets: int64 [lists + 1]; list l is `rows[offsets[l]:offsets[l + 1]]`.
    """

    rows: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def gather(self, lists: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the entries of some lists are, one list after another, and the lists' lengths."""
        starts = self.offsets[lists]
        lengths = self.offsets[lists + 1] - starts
        return ragged.places(starts, lengths), lengths


@dataclass(frozen=True, eq=False)
class Continuations:
    """The table that answers `next`.

    Attributes:
        table: for every item, the items that come next, most likely first.
        scores: float32, one for each row of `table`.
        settings: how it is asked.
    """

    table: Lists
    scores: NDArray[np.float32]
    settings: NextSettings

    def votes(self, rows: NDArray[np.integer], weights: NDArray[np.float32]) -> Votes:
        """What comes after a session: each of its last items votes for its continuations.

        Args:
            rows: int [items], the session, newest last; a repeated item votes every time.
            weights: float32 [items], how much each counts; one of weight 0 has no vote.

        Returns:
            Items (int32) and their share of the votes (float32), best first, equal ones by row;
            those of the session may be among them.
        """
        last = self.settings.last_items
        rows, weights = rows[-last:], weights[-last:]
        rows, weights = rows[weights > 0], weights[weights > 0]
        places, lengths = self.table.gather(rows)
        items, of_item = np.unique(self.table.rows[places], return_inverse=True)
        values = self.scores[places] * np.repeat(weights, lengths)
        votes = np.bincount(of_item, values, minlength=len(items))
        votes = (votes / max(votes.sum(), np.finfo(np.float32).tiny)).astype(np.float32)
        order = np.lexsort((items, -votes))
        return items[order], votes[order]


Relation = Literal["similar", "next"]
