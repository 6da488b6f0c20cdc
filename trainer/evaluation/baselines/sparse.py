"""Sparse queries, their products, and the largest columns of these."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from trainer.corpus import Sessions
from trainer.evaluation.ranking import NOTHING, Ranked

ENTRIES_PER_BLOCK = 1 << 21


def query_matrix(prefixes: Sessions, weights: NDArray[np.float32], items: int) -> sparse.csr_array:
    """One row of item weights per prefix; weights of a repeated item add up, zeros are dropped.

    Args:
        prefixes: the known items of each case, one session per case.
        weights: float32 [items of all prefixes].
        items: the size of the catalogue.

    Returns:
        float32 [cases, items].
    """
    matrix = sparse.csr_array(
        (weights, prefixes.items, prefixes.offsets), shape=(len(prefixes), items), copy=True
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def best_columns(scores: sparse.csr_array, k: int) -> Ranked:
    """The k largest positive entries of each row, largest first, ties in order of columns.

    Where entries tie for the last place, which of them is kept is arbitrary, but always the same.

    Args:
        scores: [cases, columns]; memory grows with the number of rows times the longest row.
        k: how many.
    """
    lengths = np.diff(scores.indptr)
    width = max(int(lengths.max(initial=0)), k)
    values = np.full((len(lengths), width), -np.inf, scores.dtype)
    values[np.arange(width) < lengths[:, None]] = scores.data
    places = _largest(values, k)
    values = np.take_along_axis(values, places, axis=1)
    columns = np.full(values.shape, NOTHING, np.int32)
    positive = values > 0
    columns[positive] = scores.indices[(places + scores.indptr[:-1, None])[positive]]
    return _in_order(columns, values)


def best_scores(scores: NDArray[np.floating[Any]], k: int) -> Ranked:
    """The same for scores of every column.

    Args:
        scores: float [cases, columns].
        k: how many.
    """
    missing = max(k - scores.shape[1], 0)
    if missing:
        scores = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    places = _largest(scores, k)
    values = np.take_along_axis(scores, places, axis=1)
    columns = np.where(values > 0, places, NOTHING).astype(np.int32)
    return _in_order(columns, values)


def _largest(values: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """The places of the k largest values of each row, in any order."""
    width = values.shape[1]
    if width == k:
        return np.tile(np.arange(k), (len(values), 1))
    return np.argpartition(values, width - k, axis=1)[:, width - k :]


def _in_order(columns: NDArray[np.int32], values: NDArray[np.floating[Any]]) -> Ranked:
    """Values above 0, largest first, ties in order of columns; others count as missing."""
    values = np.where(values > 0, values, -np.inf)
    order = np.lexsort((columns, -values), axis=1)
    scores = np.take_along_axis(values, order, axis=1).astype(np.float32, copy=False)
    return Ranked(np.take_along_axis(columns, order, axis=1), scores)


def best_products(
    queries: sparse.csr_array,
    matrix: sparse.csr_array,
    k: int,
    adjust: Callable[[sparse.csr_array], sparse.csr_array] = lambda scores: scores,
) -> Ranked:
    """The k best columns of each row of queries · matrix, in blocks of bounded memory.

    Cases are taken in order of their work, so that the rows of a block cost about the same.

    Args:
        queries: [cases, n].
        matrix: [n, columns].
        k: how many.
        adjust: applied to each block of products before its best columns are selected.
    """
    work = (queries != 0).astype(np.int64) @ np.diff(matrix.indptr)
    order, blocks = _blocks(np.minimum(work, matrix.shape[1]))
    items = np.full((len(order), k), NOTHING, np.int32)
    scores = np.full((len(order), k), -np.inf, np.float32)
    for block in blocks:
        best = best_columns(adjust((queries[order[block]] @ matrix).tocsr()), k)
        items[order[block]], scores[order[block]] = best.items, best.scores
    return Ranked(items, scores)


def _blocks(work: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[slice]]:
    """The cases in falling order of their work, and slices of them that cost about the same."""
    order = np.argsort(-work, kind="stable")
    blocks: list[slice] = []
    first = 0
    while first < len(order):
        size = max(1, ENTRIES_PER_BLOCK // max(int(work[order[first]]), 1))
        blocks.append(slice(first, min(first + size, len(order))))
        first = blocks[-1].stop
    return order, blocks


def add_pairs(
    out: NDArray[np.floating[Any]],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: NDArray[np.floating[Any]],
) -> None:
    """Adds the value of each pair to out[row, column]; a pair may come more than once."""
    sums = sparse.coo_array((values, (rows, columns)), shape=out.shape).tocsr().tocoo()
    out[sums.coords] += sums.data


def add_product(
    out: NDArray[np.floating[Any]], left: sparse.csr_array, right: sparse.csr_array
) -> None:
    """Adds left · right to out, in blocks of bounded memory."""
    step = max(1, ENTRIES_PER_BLOCK // max(out.shape[1], 1))
    for first in range(0, out.shape[0], step):
        out[first : first + step] += (left[first : first + step] @ right).toarray()
