"""Finds the place of every item: of the frequent ones by a layout, of others beside these."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.item_map import SIDE
from trainer.arrays import ROWS_AT_ONCE
from trainer.maps.layout import lay_out
from trainer.maps.pairs import NOTHING, choose_pairs

MARGIN = 0.02  # of the map around the layout
FITTING = 0.999  # share of items within the frame of an earlier map, for it to be kept
BESIDE = 5  # placed neighbors that an item is put between
ROUNDS = 3  # of putting items beside those that were just put there
KNOWN = 0.5  # share of items that an earlier map must have, to be gone on from


class Frame(NamedTuple):
    """How a layout is put on the map: `(place - middle) * scale` from the middle of the map.

    middle: float64 [2].
    scale: steps of the map for one unit of the layout.
    """

    middle: NDArray[np.float64]
    scale: float


class EarlierPlaces(NamedTuple):
    """Where items were on the map of an earlier version.

    places: float32 [items, 2], in units of its layout; NaN for items that it lacks.
    scale: of its frame.
    """

    places: NDArray[np.float32]
    scale: float


class Placed(NamedTuple):
    """Every item on the map.

    places: float32 [items, 2], from 0 to SIDE.
    scale: steps of the map for one unit of the layout.
    goes_on: whether it was begun from an earlier map.
    """

    places: NDArray[np.float32]
    scale: float
    goes_on: bool


def place_items(
    units: NDArray[np.float32],
    near: NDArray[np.int32],
    lists: NDArray[np.int32],
    workers: int,
    earlier: EarlierPlaces | None,
) -> Placed:
    """Puts all items on a map.

    Args:
        units: float32 [laid out, vector_size], unit vectors of those that are laid out: the first.
        near: int32 [laid out, n], the nearest of them of each of them, padded with NOTHING.
        lists: int32 [items, m], the nearest of all items of each, padded with NOTHING.
        workers: threads.
        earlier: where items were; None begins anew.
    """
    items = len(lists)
    start = None if earlier is None else _start(earlier.places, lists, len(units))
    pairs = choose_pairs(units, near, np.random.default_rng(0))
    laid_out = lay_out(units, pairs, workers, start)
    places = np.full((items, 2), np.nan, np.float32)
    places[: len(units)] = laid_out
    places = fill_in(places, lists)
    frame = _frame(laid_out)
    if earlier is not None and start is not None:
        places = align(places, earlier.places)
        kept = Frame(np.zeros(2), earlier.scale)
        frame = kept if _fits(places, kept) else _frame(places)
    return Placed(_on_map(places, frame), frame.scale, start is not None)


def _start(
    earlier: NDArray[np.float32], lists: NDArray[np.int32], laid_out: int
) -> NDArray[np.float32] | None:
    """Where a layout goes on from; None if the earlier map has too few of its items."""
    known = ~np.isnan(earlier[:laid_out, 0])
    if known.mean() < KNOWN:
        return None
    return fill_in(earlier, lists)[:laid_out]


def fill_in(places: NDArray[np.float32], lists: NDArray[np.int32]) -> NDArray[np.float32]:
    """Puts items without a place at the mean of their nearest neighbors that have one.

    Args:
        places: float32 [items, 2]; NaN where there is none.
        lists: int32 [items, n], the nearest items of each, best first, padded with NOTHING.

    Returns:
        float32 [items, 2]; the mean of all, where no neighbor has a place after some rounds.
    """
    places = places.copy()
    for _ in range(ROUNDS):
        missing = np.flatnonzero(np.isnan(places[:, 0]))
        if not len(missing):
            return places
        before = places.copy()
        for first in range(0, len(missing), ROWS_AT_ONCE):
            block = missing[first : first + ROWS_AT_ONCE]
            places[block] = _beside(before, lists[block])
    missing = np.isnan(places[:, 0])
    places[missing] = places[~missing].mean(axis=0) if (~missing).any() else 0
    return places


def _beside(places: NDArray[np.float32], neighbors: NDArray[np.int32]) -> NDArray[np.float32]:
    """The mean of the first neighbors with a place, nearer ones counting more; NaN without one."""
    has_place = (neighbors != NOTHING) & ~np.isnan(places[neighbors, 0])
    rank = np.cumsum(has_place, axis=1)
    weights = np.where(has_place & (rank <= BESIDE), 1 / np.maximum(rank, 1), 0)
    sums = np.einsum("ij,ijx->ix", weights, np.where(has_place[:, :, None], places[neighbors], 0))
    total = weights.sum(axis=1, keepdims=True)
    mean: NDArray[np.float32] = np.where(total > 0, sums / np.maximum(total, 1e-9), np.nan)
    return mean


def align(places: NDArray[np.float32], onto: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turns, mirrors and shifts places onto others by orthogonal Procrustes (Schoenemann 1966).

    Args:
        places: float32 [items, 2].
        onto: float32 [items, 2]; NaN for items that do not count.
    """
    shared = ~np.isnan(onto[:, 0])
    one, other = places[shared].astype(np.float64), onto[shared].astype(np.float64)
    left, _, right = np.linalg.svd((one - one.mean(axis=0)).T @ (other - other.mean(axis=0)))
    turned = (places - one.mean(axis=0)) @ (left @ right) + other.mean(axis=0)
    aligned: NDArray[np.float32] = turned.astype(np.float32)
    return aligned


def _frame(places: NDArray[np.float32]) -> Frame:
    """The frame that all places fit in, with a margin."""
    low, high = places.min(axis=0).astype(np.float64), places.max(axis=0).astype(np.float64)
    extent = max(float((high - low).max()), 1e-9)
    return Frame((low + high) / 2, SIDE * (1 - 2 * MARGIN) / extent)


def _fits(places: NDArray[np.float32], frame: Frame) -> bool:
    inside = np.abs((places - frame.middle) * frame.scale) <= SIDE / 2
    return bool(inside.all(axis=1).mean() >= FITTING)


def _on_map(places: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    on_map = (places - frame.middle) * frame.scale + SIDE / 2
    return np.clip(on_map, 0, SIDE).astype(np.float32)
