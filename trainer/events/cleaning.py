"""Drops rare items and short sessions, block by block, however many sessions there are."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.config.data import DataConfig
from trainer.events.ordering import Ordered
from trainer.events.scratch import Scratch

EVENTS_AT_ONCE = 4_000_000


class _Block(NamedTuple):
    """Consecutive events: their items, the numbers of their sessions, their weights."""

    items: NDArray[np.int32]
    sessions: NDArray[np.int64]
    weights: NDArray[np.float32] | None

    def keep(self, kept: NDArray[np.bool_]) -> "_Block":
        """The events for which `kept` is true."""
        weights = None if self.weights is None else self.weights[kept]
        return _Block(self.items[kept], self.sessions[kept], weights)


def slices(size: int) -> Iterator[slice]:
    """Yields slices that cover an array, each small enough for memory."""
    for first in range(0, size, EVENTS_AT_ONCE):
        yield slice(first, min(first + EVENTS_AT_ONCE, size))


def count_codes(items: NDArray[np.int32], n_codes: int) -> NDArray[np.int64]:
    """How often each code occurs: int64 [n_codes]."""
    counts = np.zeros(n_codes, np.int64)
    for part in slices(len(items)):
        counts += np.bincount(items[part], minlength=n_codes)
    return counts


def drop_rare_and_short(
    ordered: Ordered, n_codes: int, config: DataConfig
) -> tuple[Ordered, Counter[str]]:
    """Copies the sessions without rare items, then drops those that are too short.

    Repeats become neighbors when a rare item between them is dropped: they collapse as well.

    Args:
        ordered: all sessions.
        n_codes: the number of different items.
        config: what is rare, what is short, whether repeats collapse.

    Returns:
        The remaining sessions, and what was dropped, counted under its name in `DataReport`.
    """
    counts = count_codes(ordered.items, n_codes)
    rare = counts < config.min_count
    dropped = Counter(rare_items=int(np.count_nonzero(rare & (counts > 0))))
    scratch = Scratch(config.scratch)
    items = scratch.array(len(ordered.items), np.int32)
    weights = None if ordered.weights is None else scratch.array(len(items), np.float32)
    lengths = np.zeros(len(ordered), np.int64)
    end = 0
    for block in _blocks(ordered):
        kept = _drop_short(
            _collapse(_drop_rare(block, rare, dropped), config, dropped), config, lengths, dropped
        )
        begin, end = end, end + len(kept.items)
        items[begin:end] = kept.items
        if weights is not None and kept.weights is not None:
            weights[begin:end] = kept.weights
    kept_sessions = lengths > 0
    return (
        Ordered(
            items=items[:end],
            weights=None if weights is None else weights[:end],
            offsets=ragged.offsets_of(lengths[kept_sessions]),
            starts=None if ordered.starts is None else ordered.starts[kept_sessions],
            ends=None if ordered.ends is None else ordered.ends[kept_sessions],
        ),
        dropped,
    )


def _blocks(ordered: Ordered) -> Iterator[_Block]:
    """Yields blocks of whole sessions, of about EVENTS_AT_ONCE events each."""
    offsets = ordered.offsets
    first = 0
    while first < len(ordered):
        last = int(np.searchsorted(offsets, offsets[first] + EVENTS_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), len(ordered))
        events = slice(offsets[first], offsets[last])
        sessions = first + ragged.owners(offsets[first : last + 1])
        weights = None if ordered.weights is None else ordered.weights[events]
        yield _Block(ordered.items[events], sessions, weights)
        first = last


def _drop_rare(block: _Block, rare: NDArray[np.bool_], dropped: Counter[str]) -> _Block:
    kept = block.keep(~rare[block.items])
    dropped["events_of_rare_items"] += len(block.items) - len(kept.items)
    return kept


def _collapse(block: _Block, config: DataConfig, dropped: Counter[str]) -> _Block:
    items, sessions, weights = block
    if not config.collapse_repeats or not len(items):
        return block
    kept = np.ones(len(items), np.bool_)
    kept[1:] = (items[1:] != items[:-1]) | (sessions[1:] != sessions[:-1])
    dropped["events_collapsed"] += len(items) - int(kept.sum())
    if weights is not None:
        weights = np.maximum.reduceat(weights, np.flatnonzero(kept))
    return _Block(items[kept], sessions[kept], weights)


def _drop_short(
    block: _Block, config: DataConfig, lengths: NDArray[np.int64], dropped: Counter[str]
) -> _Block:
    """Drops short sessions, and writes the lengths of the others to `lengths`."""
    if not len(block.items):
        return block
    first = block.sessions[0]
    n = np.bincount(block.sessions - first)
    long = n >= config.min_session_length
    lengths[first : first + len(n)] = n * long
    kept = block.keep(long[block.sessions - first])
    dropped["short_sessions"] += int(np.count_nonzero(~long & (n > 0)))
    dropped["events_in_short_sessions"] += len(block.items) - len(kept.items)
    return kept
