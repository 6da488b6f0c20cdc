"""Counts what came right after short sequences of items."""

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.sequences import ENDINGS, Sequences
from trainer.corpus import Sessions

LEAST_OCCURRENCES = 2
LONGEST_ROW = 30
MOST_EVENTS = 20_000_000  # the newest ones are counted
MOST_ROWS = 2_000_000  # the sequences that were seen most often, of each kind


def build_sequences(sessions: Sessions, items: int) -> Sequences:
    """What came right after single items, pairs, and pairs with any other item between.

    A sequence that was continued n times, and c times by an item, gives it the share c / (n + 1).

    Args:
        sessions: the encoded corpus.
        items: how many items there are.
    """
    parts = [_after(sessions, items, ending) for ending in ENDINGS]
    lengths = [np.diff(part.offsets) for part in parts]
    return Sequences(
        keys=np.concatenate([part.keys for part in parts]),
        offsets=ragged.offsets_of(np.concatenate(lengths)),
        items=np.concatenate([part.items for part in parts]),
        shares=np.concatenate([part.shares for part in parts]),
    )


def _after(sessions: Sessions, items: int, ending: int) -> Sequences:
    """The sequences of one ending."""
    keys, following = _occurrences(sessions, items, ending)
    order = np.argsort(keys, kind="stable")
    keys, following = keys[order], following[order]
    starts = _starts(keys)
    occurrences = np.diff(np.append(starts, len(keys)))
    is_kept = occurrences >= _least(occurrences)
    kept = np.repeat(is_kept, occurrences)
    keys, following = keys[kept], following[kept]
    # Each continuation of each sequence once, with its count.
    order = np.lexsort((following, keys))
    keys, following = keys[order], following[order]
    firsts = _starts(keys, following)
    counts = np.diff(np.append(firsts, len(keys)))
    keys, following = keys[firsts], following[firsts]
    order = np.lexsort((following, -counts, keys))
    counts, following = counts[order], following[order]
    rows = _starts(keys)
    lengths = np.diff(np.append(rows, len(keys)))
    places = ragged.places(rows, np.minimum(lengths, LONGEST_ROW))
    totals = np.repeat(occurrences[is_kept], lengths)
    shares = (counts / (totals + 1)).astype(np.float32)
    return Sequences(
        keys=keys[rows],
        offsets=ragged.offsets_of(np.minimum(lengths, LONGEST_ROW)),
        items=following[places],
        shares=shares[places],
    )


def _occurrences(
    sessions: Sessions, items: int, ending: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The key of every occurrence that something follows, and what does."""
    newest = max(len(sessions.items) - MOST_EVENTS, 0)
    flat, owners = sessions.items[newest:], sessions.owners()[newest:]
    last = np.arange(ending, len(flat) - 1)
    last = last[owners[last - ending] == owners[last + 1]]
    before = flat[last - ending].astype(np.int64) if ending else np.zeros(len(last), np.int64)
    return (ending * items + before) * items + flat[last], flat[last + 1]


def _least(occurrences: NDArray[np.int64]) -> int:
    """How often a sequence must have been seen."""
    if len(occurrences) <= MOST_ROWS:
        return LEAST_OCCURRENCES
    most = np.partition(occurrences, -MOST_ROWS)[-MOST_ROWS]
    return max(int(most) + 1, LEAST_OCCURRENCES)


def _starts(keys: NDArray[np.int64], others: NDArray[np.int32] | None = None) -> NDArray[np.int64]:
    """Where each run of equal keys, and of equal others, begins."""
    differs = keys[1:] != keys[:-1]
    if others is not None:
        differs |= others[1:] != others[:-1]
    return np.flatnonzero(np.append(len(keys) > 0, differs)) if len(keys) else _NONE


_NONE = np.empty(0, np.int64)
