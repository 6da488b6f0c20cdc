"""The table of what comes next: counts, smoothed by word2vec."""

from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.artifact import unit
from service.continuations import Continuations, Lists, NextSettings
from trainer import table_kernels
from trainer.config import NextConfig
from trainer.matrices import blocks
from trainer.sessions import Sessions
from trainer.table_kernels import NOTHING, Occurrences, Rows
from trainer.threads import threads

# What follows was measured on validation data of several logs: see bench/quality.md.
NEAR_ITEMS = 30
TEMPERATURE = 0.05
POWER = 0.4
DISCOUNT = -0.125  # the power of an item's occurrences: what everyone has says less
# Continuations of all items together, so that a table of a million items still fits in memory.
MOST_CONTINUATIONS = 20_000_000
ROWS_IN_A_TASK = 512
# Up to here every item is compared with every other; above, with those in the nearest cells.
MOST_COMPARED = 150_000
CELLS_SEARCHED = 16
BITS_OF_A_CODE = 4
SAMPLED_FOR_A_CELL = 40
ITEMS_AT_ONCE = 4096

Search = Callable[[NDArray[np.float32], int], tuple[NDArray[np.float32], NDArray[np.int64]]]


def build_continuations(
    sessions: Sessions, vectors: NDArray[np.float32], config: NextConfig, workers: int
) -> Continuations | None:
    """What comes after each item, by counts and by the vectors.

    Counts c of what occurs around an item are smoothed by a Dirichlet prior of mass m whose mean Q
    is what the counts of the items near it say, near by their vectors or by the counts themselves:
    P(b | a) = (c_ab + m Q_ab) / (c_a + m). Frequent items lean on their own counts, rare ones on
    their neighbors'.

    Args:
        sessions: the encoded corpus.
        vectors: float32 [items, vector_size], input vectors.
        config: what is counted, and the mass of the prior.
        workers: threads.

    Returns:
        The table, or None where it holds nothing by the configuration.
    """
    if not config.continuations:
        return None
    items = len(vectors)
    width = max(1, min(config.continuations, items, MOST_CONTINUATIONS // items))
    counts, totals = count(sessions, items, width, config, workers)
    occurrences = np.bincount(sessions.items, minlength=items)
    discounts = np.maximum(occurrences, 1).astype(np.float32) ** np.float32(DISCOUNT)
    near = near_items(vectors, min(NEAR_ITEMS, items - 1))
    table = _empty(items, width)
    _in_parallel(
        lambda first, last: table_kernels.smooth_rows(
            counts,
            totals,
            near,
            first,
            last,
            config.vector_share,
            config.prior_mass,
            POWER,
            discounts,
            table,
        ),
        items,
        workers,
    )
    held = table.columns != NOTHING
    offsets = np.concatenate([[0], np.cumsum(held.sum(axis=1))])
    return Continuations(
        table=Lists(table.columns[held], offsets),
        scores=table.values[held],
        settings=NextSettings(decay=config.next_decay),
    )


def count(
    sessions: Sessions, items: int, width: int, config: NextConfig, workers: int
) -> tuple[Rows, NDArray[np.float64]]:
    """The largest counts of each item, and the sums of all of its counts (float64 [items])."""
    begins = np.zeros(len(sessions.items), np.bool_)
    begins[sessions.offsets[:-1]] = True
    occurrences = np.bincount(sessions.items, minlength=items)
    starts = np.concatenate([[0], np.cumsum(occurrences)])
    small = len(sessions.items) < np.iinfo(np.int32).max
    positions: NDArray[Any] = np.empty(len(sessions.items), np.int32 if small else np.int64)
    table_kernels.index_positions(sessions.items, starts, positions)
    weights = np.empty(0, np.float32) if sessions.weights is None else sessions.weights
    corpus = Occurrences(sessions.items, begins, weights, positions, starts)
    counts, totals = _empty(items, width), np.empty(items)
    _in_parallel(
        lambda first, last: table_kernels.count_rows(
            corpus,
            first,
            last,
            config.count_window,
            config.backwards,
            config.recency,
            counts,
            totals,
        ),
        items,
        workers,
    )
    return counts, totals


def near_items(vectors: NDArray[np.float32], n: int) -> Rows:
    """The n items nearest to each by cosine, weighted by softmax(cosine / TEMPERATURE).

    Among more than MOST_COMPARED items the search is approximate.
    """
    items = len(vectors)
    units = np.empty((items, vectors.shape[1]), np.float32)
    for units_of_block, block in zip(blocks(units), blocks(vectors), strict=True):
        units_of_block[:] = unit(block)
    search = _search_all(units) if items <= MOST_COMPARED else _search_cells(units)
    near = _empty(items, n)
    for first in range(0, items, ITEMS_AT_ONCE):
        some = slice(first, min(first + ITEMS_AT_ONCE, items))
        cosines, found = search(units[some], n + 1)
        other = found != np.arange(some.start, some.stop)[:, None]
        other[other.all(axis=1), -1] = False
        found, cosines = found[other].reshape(-1, n), cosines[other].reshape(-1, n)
        parts = np.exp((cosines - cosines[:, :1]) / TEMPERATURE) * (found >= 0)
        near.columns[some] = found
        near.values[some] = parts / parts.sum(axis=1, keepdims=True)
    return near


def _search_all(units: NDArray[np.float32]) -> Search:
    """Compares with every item."""
    index = faiss.IndexFlatIP(units.shape[1])
    index.add(units)
    return lambda queries, k: index.search(queries, k)


def _search_cells(units: NDArray[np.float32]) -> Search:
    """Compares with the short codes of what lies in the nearest cells, and the best exactly.

    An inverted file with product quantisation (Jegou et al., TPAMI 33(1), 2011).
    """
    items = len(units)
    even = _even(units)
    cells = int(2 * np.sqrt(items))
    index = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatIP(even.shape[1]),
        even.shape[1],
        cells,
        even.shape[1] // 2,
        BITS_OF_A_CODE,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.niter = 10
    index.nprobe = CELLS_SEARCHED
    sampled = min(items, SAMPLED_FOR_A_CELL * cells)
    index.train(even[np.random.default_rng(0).choice(items, sampled, replace=False)])
    index.add(even)

    def search(
        queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        _, found = index.search(_even(queries), 2 * k)
        cosines = np.einsum("qd,qkd->qk", queries, units[found])
        cosines[found < 0] = -np.inf
        best = np.argsort(-cosines, axis=1)[:, :k]
        return np.take_along_axis(cosines, best, 1), np.take_along_axis(found, best, 1)

    return search


def _even(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """With a column of zeros, if need be, so that two columns at a time can share a code."""
    return np.pad(vectors, ((0, 0), (0, 1))) if vectors.shape[1] % 2 else vectors


def _empty(rows: int, width: int) -> Rows:
    return Rows(np.full((rows, width), NOTHING, np.int32), np.zeros((rows, width), np.float32))


def _in_parallel(work: Callable[[int, int], None], items: int, workers: int) -> None:
    """Calls `work(first, last)` for ranges of items, the most frequent ones one by one."""
    borders = [*range(0, items, ROWS_IN_A_TASK), items]
    with threads(workers) as map_ranges:
        list(map_ranges(work, borders[:-1], borders[1:]))
