"""Sorts events into sessions by time, one partition at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from service.model import ragged
from trainer.events.scratch import Scratch, Spool
from trainer.threads import bounded_threads

MINUTE = 60_000_000  # microseconds
SESSIONS_AT_ONCE = 100_000
SESSION = np.dtype(
    [("length", np.int64), ("start", np.int64), ("end", np.int64), ("first_row", np.int64)]
)


@dataclass(frozen=True, eq=False)
class Ordered:
    """Sessions in the order of their first event, one after another in mapped files.

    Attributes:
        items: int32 [events], codes, oldest first in each session.
        weights: float32 [events], or None where all are 1.
        offsets: int64 [sessions + 1]; session s is `items[offsets[s]:offsets[s + 1]]`.
        starts: int64 [sessions], ascending: when sessions began, in microseconds; None without
            times.
        ends: int64 [sessions], when they ended.
    """

    items: NDArray[np.int32]
    weights: NDArray[np.float32] | None
    offsets: NDArray[np.int64]
    starts: NDArray[np.int64] | None
    ends: NDArray[np.int64] | None

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self.offsets) - 1


class _Part(NamedTuple):
    """One partition, ordered: items and weights of its events, and its sessions."""

    items: NDArray[np.int32]
    weights: NDArray[np.float32] | None
    sessions: NDArray[Any]
    collapsed: int


def order_sessions(
    spool: Spool, gap: float | None, collapse_repeats: bool, scratch: Scratch, workers: int
) -> tuple[Ordered, int]:
    """Orders the events of each partition, then the sessions of all partitions.

    Args:
        spool: the columns owner, row and item of events, and time and weight if the log has them;
            all events of an owner in one partition, in the order of the log. It is emptied.
        gap: minutes without an event that end a session, where the owner is a user; None where
            the owner is the session.
        collapse_repeats: whether consecutive repeats of an item count once.
        scratch: where the sessions are stored.
        workers: threads; at most two more partitions than threads are in memory at once.

    Returns:
        The sessions, and how many events were dropped as consecutive repeats.
    """
    session_parts = [np.empty(0, SESSION)]
    collapsed = 0
    with scratch.file() as items, scratch.file() as weights:
        with bounded_threads(workers) as map_partitions:
            for part in map_partitions(
                lambda number: _order(spool.take(number), gap, collapse_repeats), spool.filled()
            ):
                scratch.write(part.items, items)
                if part.weights is not None:
                    scratch.write(part.weights, weights)
                session_parts.append(part.sessions)
                collapsed += part.collapsed
        sessions = np.concatenate(session_parts)
        order = np.lexsort((sessions["first_row"], sessions["start"]))
        offsets = ragged.offsets_of(sessions["length"][order])
        places = np.empty(len(sessions), np.int64)
        places[order] = offsets[:-1]
        ordered = Ordered(
            items=_place(items, np.int32, sessions["length"], places, scratch),
            weights=_place(weights, np.float32, sessions["length"], places, scratch)
            if "weight" in spool.columns
            else None,
            offsets=offsets,
            starts=sessions["start"][order] if "time" in spool.columns else None,
            ends=sessions["end"][order] if "time" in spool.columns else None,
        )
    return ordered, collapsed


def _order(columns: Mapping[str, NDArray[Any]], gap: float | None, collapse_repeats: bool) -> _Part:
    """Sorts the events of a partition by session and time, and collapses repeats."""
    rows = columns["row"]
    times = columns.get("time", rows)
    order = np.argsort(columns["owner"], kind="stable")
    owners, sorted_times = columns["owner"][order], times[order]
    if np.any((owners[1:] == owners[:-1]) & (sorted_times[1:] < sorted_times[:-1])):
        order = np.lexsort((times, columns["owner"]))
        sorted_times = times[order]
    items = columns["item"][order]
    begins = np.ones(len(items), np.bool_)
    begins[1:] = owners[1:] != owners[:-1]
    if gap is not None:
        begins[1:] |= np.diff(sorted_times) > gap * MINUTE
    first_rows = np.minimum.reduceat(rows[order], np.flatnonzero(begins))
    weights = columns["weight"][order] if "weight" in columns else None
    kept = begins.copy()
    kept[1:] |= (items[1:] != items[:-1]) | (not collapse_repeats)
    firsts = np.flatnonzero(kept)
    begins, times = begins[firsts], sorted_times[firsts]
    starts = np.flatnonzero(begins)
    stops = np.append(starts[1:], len(firsts))
    sessions = np.empty(len(starts), SESSION)
    sessions["length"] = stops - starts
    sessions["start"] = times[starts]
    sessions["end"] = times[stops - 1]
    sessions["first_row"] = first_rows
    return _Part(
        items=items[firsts],
        weights=None if weights is None else np.maximum.reduceat(weights, firsts),
        sessions=sessions,
        collapsed=len(items) - len(firsts),
    )


def _place(
    file: IO[bytes],
    dtype: DTypeLike,
    lengths: NDArray[np.int64],
    places: NDArray[np.int64],
    scratch: Scratch,
) -> NDArray[Any]:
    """Copies sessions, which lie one after another in a file, to their places in an array."""
    placed = scratch.array(int(lengths.sum()), dtype)
    file.seek(0)
    for first in range(0, len(lengths), SESSIONS_AT_ONCE):
        part = slice(first, first + SESSIONS_AT_ONCE)
        n = lengths[part]
        values = np.fromfile(file, dtype, n.sum())
        placed[ragged.places(places[part], n)] = values
    return placed
