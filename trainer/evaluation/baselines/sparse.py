"""Sparse queries, and the largest columns of their products."""

from collections.abc import Callable

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
    if width > k:
        best = np.argpartition(values, width - k, axis=1)[:, width - k :]
        values = np.take_along_axis(values, best, axis=1)
    else:
        best = np.tile(np.arange(k), (len(lengths), 1))
    positive = values > 0
    items = np.full(values.shape, NOTHING, np.int32)
    items[positive] = scores.indices[(best + scores.indptr[:-1, None])[positive]]
    values[~positive] = -np.inf
    order = np.lexsort((items, -values), axis=1)
    values = np.take_along_axis(values, order, axis=1).astype(np.float32, copy=False)
    return Ranked(np.take_along_axis(items, order, axis=1), values)


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
