"""Scores that counting gives: popularity, the next item, items nearby."""

import numpy as np
from numpy.typing import NDArray

from trainer.sessions import Sessions


def popularity(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every item's count, whatever was asked: [items, items], a query a row."""
    return np.broadcast_to(counts, (len(counts), len(counts)))


def markov(sessions: Sessions, items: int) -> NDArray[np.int64]:
    """How often an item (column) came right after another (row)."""
    return _pairs(sessions, items, 1)


def co_occurrence(sessions: Sessions, items: int, distance: int) -> NDArray[np.int64]:
    """How often two items were within `distance` positions, in either order."""
    after = sum(_pairs(sessions, items, step) for step in range(1, distance + 1))
    return after + after.T


def _pairs(sessions: Sessions, items: int, step: int) -> NDArray[np.int64]:
    """Counts of (item, the item `step` positions later in the same session)."""
    session = np.repeat(np.arange(len(sessions)), sessions.lengths())
    together = session[:-step] == session[step:]
    first = sessions.items[:-step][together].astype(np.int64)
    later = sessions.items[step:][together]
    return np.bincount(first * items + later, minlength=items**2).reshape(items, items)
