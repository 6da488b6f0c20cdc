"""The data types of the corpus: sessions, vocabulary, dataset, report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.untrained import NOTHING_UNTRAINED, Untrained


@dataclass(frozen=True, eq=False)
class Sessions:
    """All sessions in flat arrays.

    Attributes:
        items: int32 [events], vocabulary rows, session after session, oldest first.
        offsets: int64 [sessions + 1]; session s is `items[offsets[s]:offsets[s + 1]]`.
        weights: float32 [events], how often the pairs of an event count; None if all count once.
        starts: int64 [sessions], when each began, in microseconds since 1970; None without times.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None
    starts: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self.offsets) - 1

    def lengths(self) -> NDArray[np.int64]:
        """The number of items of each session."""
        return np.diff(self.offsets)

    def owners(self) -> NDArray[np.int64]:
        """The session of each event: int64 [events]."""
        return ragged.owners(self.offsets)

    def part(self, first: int, last: int) -> "Sessions":
        """The sessions first..last-1, without a copy of their events."""
        events = slice(int(self.offsets[first]), int(self.offsets[last]))
        return Sessions(
            self.items[events],
            self.offsets[first : last + 1] - events.start,
            None if self.weights is None else self.weights[events],
            None if self.starts is None else self.starts[first:last],
        )


@dataclass(frozen=True)
class ItemsReport:
    """What became of every row of the file of items; `rows` is the sum of the four below it.

    Of the rows of one item, the last counts. `title` is the column of the titles, if there is one.
    """

    rows: int
    without_id: int
    replaced: int
    trained: int
    untrained: int
    title: str | None = None


@dataclass(frozen=True)
class DataReport:
    """What became of every event that was read.

    `events_read` is the sum of the other `events_` counts. Of the newest events, `repeated_share`
    are of an item that their session already has; `largest_user_share` of all are of one user, or
    of one session where users are not known. `activity` counts who was active in each of the
    newest hours, see `trainer.events.activity`. All but one session of a thousand had ended by
    `usual_end`. `items_file` tells the same of the file of items, if there is one.
    """

    events_read: int
    events_filtered: int = 0
    events_without_item: int = 0
    events_without_session: int = 0
    events_without_time: int = 0
    events_collapsed: int = 0
    events_held_out: int = 0
    events_of_rare_items: int = 0
    events_in_short_sessions: int = 0
    events_kept: int = 0
    rare_items: int = 0
    short_sessions: int = 0
    items: int = 0
    sessions: int = 0
    session_length_percentiles: dict[str, int] | None = None
    first_event: str | None = None
    last_event: str | None = None
    usual_end: str | None = None
    repeated_share: float | None = None
    largest_user_share: float | None = None
    activity: Mapping[str, Any] | None = None
    items_file: ItemsReport | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self) | {"notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The catalogue of a training run.

    Attributes:
        item_ids: ids in row order, most frequent first, equal counts by id.
        counts: int64 [items], occurrences in the sessions.
    """

    item_ids: Sequence[str]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of items."""
        return len(self.item_ids)

    def rows(self, item_ids: Iterable[str]) -> NDArray[np.int32]:
        """The row of each id: int32 [item_ids], -1 if the vocabulary lacks it."""
        rows = {item_id: row for row, item_id in enumerate(self.item_ids)}
        return np.fromiter((rows.get(item_id, -1) for item_id in item_ids), np.int32)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything that was read: sessions, vocabulary, titles, metadata, and what was dropped.

    Attributes:
        sessions: the encoded corpus.
        vocabulary: its items.
        titles: one title or None per item.
        metadata: further columns, a name to one value per item.
        report: the counts.
        untrained: further items, which do not occur in the sessions.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    titles: Sequence[str | None]
    metadata: Mapping[str, Sequence[Any]]
    report: DataReport
    untrained: Untrained = NOTHING_UNTRAINED
