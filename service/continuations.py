"""What comes next: items that followed, and what the nearest past sessions held."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Votes = tuple[NDArray[np.int32], NDArray[np.float32]]

LAST_ITEMS = 20  # of a session that have a vote: what is further back says little
MAX_SLOTS_PER_KEY = 16  # up to these a sum over a slot for every number beats sorting the keys


class NextSettings(BaseModel):
    """How the two voices are weighed, as the trainer has found best; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decay: float = Field(ge=0, le=1, description="what an item loses in weight per step back")
    session_weight: float = Field(ge=0, le=1, description="share of the nearest past sessions")
    neighbors: int = Field(ge=1, description="past sessions that have a vote")


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
        first = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(starts - first, lengths)
        return places, lengths


@dataclass(frozen=True, eq=False)
class Continuations:
    """The tables that answer `next`.

    Attributes:
        table: for every item, the items that come next, most likely first.
        scores: float32, one for each row of `table`.
        sessions: past sessions, each item of one once; none where they have no vote.
        holders: for every item, the sessions that hold it, newest first.
        settings: how these are weighed.
    """

    table: Lists
    scores: NDArray[np.float32]
    sessions: Lists
    holders: Lists
    settings: NextSettings

    def votes(self, rows: NDArray[np.integer], weights: NDArray[np.float32]) -> Votes:
        """What comes after a session.

        Each of its last items votes for its continuations, and each of the past sessions nearest
        to it (V-SKNN: Ludewig & Jannach, arXiv 1803.09587) for its items. The votes of the items
        and those of the sessions add up to 1 before they are mixed by `session_weight`; where one
        of the two has nothing to say, the shares add up to that of the other.

        Args:
            rows: int [items], the session, newest last; a repeated item votes every time.
            weights: float32 [items], how much each counts; one of weight 0 has no vote.

        Returns:
            Items (int32) and their share of the votes (float32), best first, equal ones by row;
            those of the session may be among them.
        """
        rows, weights = rows[-LAST_ITEMS:], weights[-LAST_ITEMS:]
        rows, weights = rows[weights > 0], weights[weights > 0]
        share = self.settings.session_weight
        parts = {self._of_items: 1 - share, self._of_sessions: share}
        voices = [(voice(rows, weights), part) for voice, part in parts.items() if part > 0]
        items = np.concatenate([items for (items, _), _ in voices])
        votes = np.concatenate([_shares(votes) * part for (_, votes), part in voices])
        items, votes = _sum(items, votes)
        order = np.lexsort((items, -votes))
        return items[order], votes[order]

    def _of_items(self, rows: NDArray[np.integer], weights: NDArray[np.float32]) -> Votes:
        places, lengths = self.table.gather(rows)
        return self.table.rows[places], self.scores[places] * np.repeat(weights, lengths)

    def _of_sessions(self, rows: NDArray[np.integer], weights: NDArray[np.float32]) -> Votes:
        places, lengths = self.holders.gather(rows)
        sessions, likeness = _sum(self.holders.rows[places], np.repeat(weights, lengths))
        nearest = _last_largest(likeness, self.settings.neighbors)
        places, lengths = self.sessions.gather(sessions[nearest])
        return self.sessions.rows[places], np.repeat(likeness[nearest], lengths)


def _sum(keys: NDArray[np.int32], values: NDArray[np.float32]) -> Votes:
    """Each key once, ascending, and the sum of its values, which are above 0."""
    if keys.max(initial=0) < len(keys) * MAX_SLOTS_PER_KEY:
        sums = np.bincount(keys, values)
        found = np.flatnonzero(sums > 0).astype(np.int32)
        return found, sums[found].astype(np.float32)
    found, places = np.unique(keys, return_inverse=True)
    return found, np.bincount(places, values, minlength=len(found)).astype(np.float32)


def _last_largest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the k largest values are, in no order; of equal ones the last."""
    if len(values) <= k:
        return np.arange(len(values))
    least = np.partition(values, -k)[-k]
    larger, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return np.concatenate([larger, equal[len(larger) - k :]])


def _shares(votes: NDArray[np.float32]) -> NDArray[np.float32]:
    total = votes.sum()
    return votes / total if total > 0 else votes
