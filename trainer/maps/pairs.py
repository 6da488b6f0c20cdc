"""Chooses the pairs of items that a layout draws together or pushes apart, as PaCMAP does."""

import numpy as np
from numpy.typing import NDArray

from trainer.maps.kernels import Pairs, Partners

NEAR, MIDDLING, FAR = 10, 5, 20  # pairs of each item
DRAWN = 6  # items, of which the second nearest makes a middling pair
ROUNDS = 4  # of drawing far items again that are neighbors
ROWS_AT_ONCE = 2048
NOTHING = -1

Rows = NDArray[np.int64] | NDArray[np.int32]


def choose_pairs(units: NDArray[np.float32], neighbors: Rows, random: np.random.Generator) -> Pairs:
    """The pairs of a layout.

    Args:
        units: float32 [items, vector_size], unit vectors.
        neighbors: int [items, n], the nearest items of each, best first, padded with NOTHING.
        random: draws the middling and the far ones.
    """
    near = neighbors[:, :NEAR]
    middling = _middling(units, random)
    return Pairs(_both_ways(near), _both_ways(middling), _both_ways(_far(near, random)))


def _middling(units: NDArray[np.float32], random: np.random.Generator) -> Rows:
    """Of some items drawn at random the second nearest: int64 [items, MIDDLING]."""
    items = len(units)
    chosen = np.empty((items, MIDDLING), np.int64)
    for first in range(0, items, ROWS_AT_ONCE):
        own = units[first : first + ROWS_AT_ONCE]
        drawn = random.integers(0, items, (len(own), MIDDLING, DRAWN))
        cosines = np.einsum("id,ijkd->ijk", own, units[drawn])
        second = np.argsort(-cosines, axis=2)[:, :, 1:2]
        chosen[first : first + len(own)] = np.take_along_axis(drawn, second, axis=2)[:, :, 0]
    return chosen


def _far(near: Rows, random: np.random.Generator) -> Rows:
    """Items drawn at random that are no neighbors: int64 [items, FAR], padded with NOTHING."""
    items = len(near)
    excluded = np.concatenate([near, np.arange(items)[:, None]], axis=1)
    drawn = random.integers(0, items, (items, FAR))
    for _ in range(ROUNDS):
        wrong = (drawn[:, :, None] == excluded[:, None, :]).any(axis=2)
        drawn[wrong] = random.integers(0, items, int(wrong.sum()))
    wrong = (drawn[:, :, None] == excluded[:, None, :]).any(axis=2)
    drawn[wrong] = NOTHING
    return drawn


def _both_ways(chosen: Rows) -> Partners:
    """Each pair with either of its items."""
    items = len(chosen)
    owners = np.repeat(np.arange(items, dtype=np.int32), chosen.shape[1])
    others = chosen.ravel().astype(np.int32)
    is_pair = (others != NOTHING) & (others != owners)
    one, other = owners[is_pair], others[is_pair]
    sides = np.concatenate([one, other])
    order = np.argsort(sides, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(sides, minlength=items))])
    return Partners(offsets.astype(np.int64), np.concatenate([other, one])[order])
