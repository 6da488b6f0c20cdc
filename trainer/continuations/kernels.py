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
    weights: float32 [events]; empty if every event counts once.
    positions: int32 or int64 [events], where items occur, item after item.
    starts: int64 [items + 1]; item i occurs at `positions[starts[i]:starts[i + 1]]`.
    """

    items: NDArray[np.int32]
    begins: NDArray[np.bool_]
    weights: NDArray[np.float32]
    positions: NDArray[np.int32] | NDArray[np.int64]
    starts: NDArray[np.int64]


class SparseRows(NamedTuple):
    """A sparse matrix: the largest entries of each row, in descending order.

    columns: int32 [rows, width], padded with NOTHING.
    values: float32 [rows, width].
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]


class RowSums(NamedTuple):
    """Scratch of one thread: a row while it is summed up, and all zeros between two rows.

    A column is touched when its sum rises above zero, not when something is added to it: float32
    rounds a tiny number to zero, and a column that stays at zero would be touched more than once.

    sums: float32 [columns].
    touched: int32 [columns], the columns whose sum is above zero, in no order.
    """

    sums: NDArray[np.float32]
    touched: NDArray[np.int32]


class Smoothing(NamedTuple):
    """The settings of `smooth_rows`, as in `NextConfig`.

    prior_mass: how many counts the prior is worth.
    vector_share: the share of neighbors by vectors in the prior; neighbors by counts have the rest.
    count_neighbors: the number of neighbors by counts.
    borrowed_counts: how many of its largest counts each neighbor lends.
    score_power: the power that scores are raised to.
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
def _keep_largest(
    row: RowSums, n: int, columns: NDArray[np.int32], values: NDArray[np.float32]
) -> None:
    """Moves the largest sums, ties by column, to a row of the result; resets the sums to zero."""
    sums, touched = row
    width = columns.size
    candidates = touched[:n]
    if n > width:
        candidates = candidates[
            sums[candidates] >= np.partition(sums[candidates], n - width)[n - width]
        ]
    candidates = np.sort(candidates)
    order = np.argsort(-sums[candidates], kind="mergesort")[:width]
    for place in range(order.size):
        columns[place] = candidates[order[place]]
        values[place] = sums[candidates[order[place]]]
    columns[order.size :] = NOTHING
    sums[touched[:n]] = 0


@jit
def _raise(columns: NDArray[np.int32], values: NDArray[np.float32], power: float) -> None:
    """Raises the values of a row, largest first, to a power; ends the row before the first zero."""
    for place in range(columns.size):
        if values[place] == 0:
            columns[place:] = NOTHING
            break
        values[place] = values[place] ** power


@jit
def count_rows(
    corpus: Occurrences,
    first: int,
    last: int,
    window: int,
    backwards: float,
    recency: float,
    row: RowSums,
    out: SparseRows,
    totals: NDArray[np.float64],
) -> None:
    """Counts the items that occur around items first..last-1 in the same session.

    An item that occurs d positions later counts 1 / d, one d positions earlier backwards / d. Both
    are multiplied by the weight of that event and by e^-(age / recency), where age goes from 0 for
    the newest event to 1 for the oldest.

    Args:
        corpus: the sessions.
        first: the first item.
        last: the item after the last one.
        window: the widest distance.
        backwards: the factor for earlier items.
        recency: the pace of ageing; 0 for none.
        row: scratch, with a column for each item.
        out: rows first..last-1 are written.
        totals: float64 [items], the sum of all counts around an item; first..last-1 are written.
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
    counts: SparseRows,
    totals: NDArray[np.float64],
    neighbors: SparseRows,
    first: int,
    last: int,
    smoothing: Smoothing,
    discounts: NDArray[np.float32],
    row: RowSums,
    out: SparseRows,
) -> None:
    """Smooths the counts of items first..last-1 with those of their neighbors.

    Let P = counts / totals, and let a row of K hold the weights of an item's neighbors by vectors.
    The prior of an item is its row of Q = (vector_share K + (1 - vector_share) P) P. With it the
    mean of a Dirichlet distribution is (counts + prior_mass Q) / (totals + prior_mass). A row of
    the result is (mean * discount) ** score_power; a power below 1 favors items that follow several
    items of a session.

    Args:
        counts: the rows that `count_rows` wrote.
        totals: float64 [items], the sums that it wrote.
        neighbors: the rows of K.
        first: the first item.
        last: the item after the last one.
        smoothing: how much an item borrows from its neighbors.
        discounts: float32 [items], one for each column.
        row: scratch, with a column for each item.
        out: rows first..last-1 are written.
    """
    sums, touched = row
    mass, vector_share, count_neighbors, borrowed_counts, power = smoothing
    borrowed_counts = min(borrowed_counts, counts.columns.shape[1])
    for item in range(first, last):
        n = 0
        total = totals[item]
        bottom = total + mass
        for voice in range(2):
            if voice == 0:
                lenders, parts = neighbors.columns[item], neighbors.values[item]
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
                    for other in range(borrowed_counts):
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
        for column in touched[:n]:
            sums[column] *= discounts[column]
        _keep_largest(row, n, out.columns[item], out.values[item])
        _raise(out.columns[item], out.values[item], power)
