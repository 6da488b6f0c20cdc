"""Compiled functions that count and smooth which items follow which."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import jit

NOTHING = -1


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


class RowSums(NamedTuple):
    """Scratch of one thread: a row while it is summed up, all zeros between two rows.

    A column is touched when its sum rises above zero, not when something is added: float32 takes
    what is tiny for nothing, and a column that stayed at zero would be touched again and again.

    sums: float32 [columns].
    touched: int32 [columns], the columns whose sum is above zero, in no order.
    """

    sums: NDArray[np.float32]
    touched: NDArray[np.int32]


class Smoothing(NamedTuple):
    """Figures of `smooth_rows`, as in `NextConfig`.

    prior_mass: how many counts the prior is worth.
    vector_share: of the items near by their vectors in the prior; the rest is near by the counts.
    count_neighbors: how many items are near by the counts.
    borrowed_counts: how many counts each item that is near lends.
    score_power: of the result.
    """

    prior_mass: float
    vector_share: float
    count_neighbors: int
    borrowed_counts: int
    score_power: float


@jit
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


@jit
def _discount(row: RowSums, n: int, discounts: NDArray[np.float32]) -> Any:
    """Multiplies the touched columns; returns how many of them are still above zero."""
    sums, touched = row
    held = 0
    for place in range(n):
        column = touched[place]
        sums[column] *= discounts[column]
        if sums[column] > 0:
            touched[held] = column
            held += 1
    return held


@jit
def _keep_largest(
    row: RowSums, n: int, columns: NDArray[np.int32], values: NDArray[np.float32]
) -> None:
    """Moves the largest sums to one row, equal ones by column, and leaves the sums at zero."""
    sums, touched = row
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


@jit
def count_rows(
    corpus: Occurrences,
    first: int,
    last: int,
    window: int,
    backwards: float,
    recency: float,
    row: RowSums,
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
        row: scratch, a column an item.
        out: rows first..last-1 are written.
        totals: float64 [items], the sum of all counts of each of these items.
    """
    items, begins, weights, positions, starts = corpus
    sums, touched = row
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
                    column = items[other]
                    before = sums[column]
                    sums[column] += np.float32(count)
                    if before == 0 and sums[column] > 0:
                        touched[n] = column
                        n += 1
                    totals[item] += count
        _keep_largest(row, n, out.columns[item], out.values[item])


@jit
def smooth_rows(
    counts: Rows,
    totals: NDArray[np.float64],
    near: Rows,
    first: int,
    last: int,
    smoothing: Smoothing,
    discounts: NDArray[np.float32],
    row: RowSums,
    out: Rows,
) -> None:
    """Smooths counts of items first..last-1 with those of the items around them.

    With P = counts / totals, an item's prior is Q = (vector_share K + (1 - vector_share) P) P,
    where a row of K weighs the items near it by their vectors, the mean of a Dirichlet distribution
    is (counts + prior_mass Q) / (total + prior_mass); a row of the result holds
    (mean * discount) ** score_power: with a power below 1, items that several items of a session
    agree on win.

    Args:
        counts: as `count_rows` leaves them.
        totals: float64 [items].
        near: the rows of K.
        first: the first item.
        last: the item after the last one.
        smoothing: how much is borrowed from whom.
        discounts: float32 [items], one for each column.
        row: scratch, a column an item.
        out: rows first..last-1 are written.
    """
    sums, touched = row
    mass, vector_share, count_neighbors, borrowed_counts, power = smoothing
    for item in range(first, last):
        n = 0
        total = totals[item]
        bottom = total + mass
        for voice in range(2):
            if voice == 0:
                lenders, parts = near.columns[item], near.values[item]
                share = vector_share
            else:
                lenders = counts.columns[item, :count_neighbors]
                parts = counts.values[item, :count_neighbors]
                share = (1.0 - vector_share) / total if total > 0 else 0.0
            for place in range(lenders.size):
                lender = lenders[place]
                if lender == NOTHING:
                    break
                part = 0.0
                if mass > 0 and totals[lender] > 0:
                    part = mass / bottom * share * parts[place] / totals[lender]
                if part > 0:
                    for other in range(min(counts.columns.shape[1], borrowed_counts)):
                        column = counts.columns[lender, other]
                        if column == NOTHING:
                            break
                        before = sums[column]
                        sums[column] += np.float32(part * counts.values[lender, other])
                        if before == 0 and sums[column] > 0:
                            touched[n] = column
                            n += 1
        for place in range(counts.columns.shape[1]):
            column = counts.columns[item, place]
            if column == NOTHING:
                break
            before = sums[column]
            sums[column] += np.float32(counts.values[item, place] / bottom)
            if before == 0 and sums[column] > 0:
                touched[n] = column
                n += 1
        n = _discount(row, n, discounts)
        _keep_largest(row, n, out.columns[item], out.values[item])
        for place in range(min(n, out.columns.shape[1])):
            out.values[item, place] = out.values[item, place] ** power
