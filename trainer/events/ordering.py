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
    """Orders partition by partition, then the sessions of all of them.

    Args:
        spool: owner, row, item, time and weight of events, the last two where there are any; all
            events of an owner in one partition, in the order of the log. It is emptied.
        gap: minutes without an event that cut the events of an owner, who is a user then; None:
            an owner is a session.
        collapse_repeats: whether an item that follows itself counts once.
        scratch: where the sessions lie.
        workers: threads; at most two partitions more than that are in memory.

    Returns:
        The sessions, and how many events were dropped because they repeat the one before.
    """
    sessions = [np.empty(0, SESSION)]
    collapsed = 0
    with scratch.file() as items, scratch.file() as weights:
        with bounded_threads(workers) as map_partitions:
            for part in map_partitions(
                lambda number: _order(spool.take(number), gap, collapse_repeats), spool.filled()
            ):
                scratch.write(part.items, items)
                if part.weights is not None:
                    scratch.write(part.weights, weights)
                sessions.append(part.sessions)
                collapsed += part.collapsed
        found = np.concatenate(sessions)
        order = np.lexsort((found["first_row"], found["start"]))
        offsets = ragged.offsets_of(found["length"][order])
        places = np.empty(len(found), np.int64)
        places[order] = offsets[:-1]
        ordered = Ordered(
            items=_place(items, np.int32, found["length"], places, scratch),
            weights=_place(weights, np.float32, found["length"], places, scratch)
            if "weight" in spool.columns
            else None,
            offsets=offsets,
            starts=found["start"][order] if "time" in spool.columns else None,
            ends=found["end"][order] if "time" in spool.columns else None,
        )
    return ordered, collapsed


def _order(columns: Mapping[str, NDArray[Any]], gap: float | None, collapse_repeats: bool) -> _Part:
    """Brings the events of every session together, in time, without repeats."""
    rows = columns["row"]
    times = columns.get("time", rows)
    order = np.argsort(columns["owner"], kind="stable")
    owners, ordered = columns["owner"][order], times[order]
    if np.any((owners[1:] == owners[:-1]) & (ordered[1:] < ordered[:-1])):
        order = np.lexsort((times, columns["owner"]))
        ordered = times[order]
    items = columns["item"][order]
    begins = np.ones(len(items), np.bool_)
    begins[1:] = owners[1:] != owners[:-1]
    if gap is not None:
        begins[1:] |= np.diff(ordered) > gap * MINUTE
    first_rows = np.minimum.reduceat(rows[order], np.flatnonzero(begins))
    weights = columns["weight"][order] if "weight" in columns else None
    kept = begins.copy()
    kept[1:] |= (items[1:] != items[:-1]) | (not collapse_repeats)
    firsts = np.flatnonzero(kept)
    begins, times = begins[firsts], ordered[firsts]
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
    """Copies sessions of the given lengths, one after another in a file, to their places."""
    placed = scratch.array(int(lengths.sum()), dtype)
    file.seek(0)
    for first in range(0, len(lengths), SESSIONS_AT_ONCE):
        some = slice(first, first + SESSIONS_AT_ONCE)
        n = lengths[some]
        values = np.fromfile(file, dtype, n.sum())
        placed[ragged.places(places[some], n)] = values
    return placed
