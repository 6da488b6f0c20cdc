"""Compiled functions that count what follows what, item by item.

They call no compiled function of another file, whose changes Numba's cache would not notice.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

NOTHING = -1
# How many items lend an item their counts, and how many counts each of them lends.
LENDERS = LENT = 50


class Occurrences(NamedTuple):
    """A corpus with an index of where each item occurs.

    items: int32 [events].
    begins: bool [events], whether a session begins there.
    weights: float32 [events], or of size 0 where every event counts once.
    positions: int32 or int64 [events], where items occur, item after item.
    starts: int64 [items + 1]; item i occurs at `positions[starts[i]:starts[i + 1]]`.
    """

    items: NDArray[np.int32]
    begins: NDArray[np.bool_]
    weights: NDArray[np.float32]
    positions: NDArray[np.int32] | NDArray[np.int64]
    starts: NDArray[np.int64]


class Rows(NamedTuple):
    """The largest entries of each row of a sparse matrix, largest first.

    columns: int32 [rows, width], NOTHING behind the last.
    values: float32 [rows, width].
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]


def _compile(function: Callable[..., Any]) -> Any:
    return numba.njit(nogil=True, cache=True, error_model="numpy")(function)


@_compile
def index_positions(items: NDArray[np.int32], starts: NDArray[np.int64], out: Any) -> None:
    """Fills `out` with the positions of items, item after item, each in order.

    Args:
        items: int32 [events].
        starts: int64 [items + 1], where the positions of each item begin.
        out: int32 or int64 [events].
    """
    place = starts.copy()
    for position in range(items.size):
        item = items[position]
        out[place[item]] = position
        place[item] += 1


@_compile
def _keep_largest(
    sums: NDArray[np.float32],
    touched: NDArray[np.int32],
    n: int,
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
) -> None:
    """Moves the largest sums to one row, equal ones by column, and leaves the sums at zero."""
    width = columns.size
    found = touched[:n]
    if n > width:
        found = found[sums[found] >= np.partition(sums[found], n - width)[n - width]]
    found = np.sort(found)
    order = np.argsort(-sums[found], kind="mergesort")[:width]
    for place in range(order.size):
        columns[place] = found[order[place]]
        values[place] = sums[found[order[place]]]
    columns[order.size :] = NOTHING
    sums[touched[:n]] = 0


@_compile
def count_rows(
    corpus: Occurrences,
    first: int,
    last: int,
    window: int,
    backwards: float,
    recency: float,
    out: Rows,
    totals: NDArray[np.float64],
) -> None:
    """Counts what occurs around items first..last-1 in the same session.

    An item d positions later counts 1 / d, one d positions earlier backwards / d, each times the
    weight of that event, and times e^-(age / recency), where the age goes from 0 for the newest
    event to 1 for the oldest.

    Args:
        corpus: the sessions.
        first: the first item.
        last: the item after the last one.
        window: the widest distance.
        backwards: what an earlier item counts.
        recency: 0 for no ageing.
        out: rows first..last-1 are written.
        totals: float64 [items], the sum of all counts of each of these items.
    """
    items, begins, weights, positions, starts = corpus
    sums = np.zeros(starts.size - 1, np.float32)
    touched = np.empty(starts.size - 1, np.int32)
    for item in range(first, last):
        n = 0
        totals[item] = 0.0
        for place in range(starts[item], starts[item + 1]):
            center = np.int64(positions[place])
            age = 1.0 - center / items.size
            worth = np.exp(-age / recency) if recency > 0 else 1.0
            for direction in range(2):
                for distance in range(1, window + 1):
                    if direction == 0:
                        other = center + distance
                        if other >= items.size or begins[other]:
                            break
                        count = worth / distance
                    else:
                        if begins[center - distance + 1]:
                            break
                        other = center - distance
                        count = worth * backwards / distance
                    if weights.size:
                        count *= weights[other]
                    if count > 0:
                        column = items[other]
                        if sums[column] == 0:
                            touched[n] = column
                            n += 1
                        sums[column] += np.float32(count)
                        totals[item] += count
        _keep_largest(sums, touched, n, out.columns[item], out.values[item])


@_compile
def smooth_rows(
    counts: Rows,
    totals: NDArray[np.float64],
    near: Rows,
    first: int,
    last: int,
    near_share: float,
    mass: float,
    power: float,
    discounts: NDArray[np.float32],
    out: Rows,
) -> None:
    """Smooths counts of items first..last-1 with those of the items around them.

    With P = counts / totals, an item's prior is Q = (near_share K + (1 - near_share) P) P, where
    a row of K weighs the items near it by their vectors, the mean of a Dirichlet distribution is
    (counts + mass Q) / (total + mass); a row of the result holds (mean * discount) ** power.

    Args:
        counts: as `count_rows` leaves them.
        totals: float64 [items].
        near: the rows of K.
        first: the first item.
        last: the item after the last one.
        near_share: of the items near by their vectors in the prior.
        mass: how many counts the prior is worth.
        power: of the result; below 1, items that several items of a session agree on win.
        discounts: float32 [items], one for each column.
        out: rows first..last-1 are written.
    """
    sums = np.zeros(totals.size, np.float32)
    touched = np.empty(totals.size, np.int32)
    for item in range(first, last):
        n = 0
        bottom = totals[item] + mass
        for voice in range(2):
            lenders = near.columns[item] if voice == 0 else counts.columns[item]
            parts = near.values[item] if voice == 0 else counts.values[item]
            share = near_share if voice == 0 else (1.0 - near_share) / max(totals[item], 1e-30)
            for place in range(min(lenders.size, LENDERS)):
                lender = lenders[place]
                if lender == NOTHING:
                    break
                if mass > 0 and totals[lender] > 0:
                    part = mass * share * parts[place] / (totals[lender] * bottom)
                    for other in range(min(counts.columns.shape[1], LENT)):
                        column = counts.columns[lender, other]
                        if column == NOTHING:
                            break
                        if part > 0:
                            if sums[column] == 0:
                                touched[n] = column
                                n += 1
                            sums[column] += np.float32(part * counts.values[lender, other])
        for place in range(counts.columns.shape[1]):
            column = counts.columns[item, place]
            if column == NOTHING:
                break
            if sums[column] == 0:
                touched[n] = column
                n += 1
            sums[column] += np.float32(counts.values[item, place] / bottom)
        for place in range(n):
            column = touched[place]
            sums[column] *= discounts[column]
        _keep_largest(sums, touched, n, out.columns[item], out.values[item])
        for place in range(min(n, out.columns.shape[1])):
            out.values[item, place] = out.values[item, place] ** power
