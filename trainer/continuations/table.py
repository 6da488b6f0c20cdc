"""Counts what follows each item, smooths it with similar items and keeps the best."""

import threading
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.artifact import unit
from service.model.continuations import Continuations, Lists, NextSettings
from trainer.arrays import blocks
from trainer.config.sections import NextConfig
from trainer.continuations import kernels as table_kernels
from trainer.continuations.kernels import NOTHING, Occurrences, Rows, RowSums, Smoothing
from trainer.corpus import Sessions
from trainer.faiss_threads import faiss_threads
from trainer.threads import threads

# Continuations of all items together, so that a table of a million items still fits in memory.
MOST_CONTINUATIONS = 20_000_000
TASKS_OF_A_WORKER = 64
# Up to here every item is compared with every other; above, with those in the nearest cells.
MOST_COMPARED = 150_000
CELLS_SEARCHED = 16
BITS_OF_A_CODE = 4
SAMPLED_FOR_A_CELL = 40
ITEMS_AT_ONCE = 4096

Work = Callable[[int, int, RowSums], None]
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
        config: what is counted, and how it is smoothed.
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
    discounts = np.maximum(occurrences, 1).astype(np.float32) ** np.float32(
        config.popularity_exponent
    )
    near = near_items(
        vectors, min(config.vector_neighbors, items - 1), config.neighbor_temperature, workers
    )
    smoothing = Smoothing(
        config.prior_mass,
        config.vector_share,
        config.count_neighbors,
        config.borrowed_counts,
        config.score_power,
    )
    table = _empty(items, width)
    _in_parallel(
        lambda first, last, sums: table_kernels.smooth_rows(
            counts, totals, near, first, last, smoothing, discounts, sums, table
        ),
        np.ones(items, np.int64),
        workers,
    )
    held = table.columns != NOTHING
    offsets = ragged.offsets_of(held.sum(axis=1))
    return Continuations(
        table=Lists(table.columns[held], offsets),
        scores=table.values[held],
        settings=NextSettings(decay=config.next_decay, last_items=config.last_items),
    )


def count(
    sessions: Sessions, items: int, width: int, config: NextConfig, workers: int
) -> tuple[Rows, NDArray[np.float64]]:
    """The largest counts of each item, and the sums of all of its counts (float64 [items])."""
    begins = np.zeros(len(sessions.items), np.bool_)
    begins[sessions.offsets[:-1]] = True
    occurrences = np.bincount(sessions.items, minlength=items)
    starts = ragged.offsets_of(occurrences)
    small = len(sessions.items) < np.iinfo(np.int32).max
    positions: NDArray[Any] = np.empty(len(sessions.items), np.int32 if small else np.int64)
    table_kernels.index_positions(sessions.items, starts, positions)
    weights = np.empty(0, np.float32) if sessions.weights is None else sessions.weights
    corpus = Occurrences(sessions.items, begins, weights, positions, starts)
    counts, totals = _empty(items, width), np.empty(items)
    _in_parallel(
        lambda first, last, sums: table_kernels.count_rows(
            corpus,
            first,
            last,
            config.count_window,
            config.backwards,
            config.recency,
            sums,
            counts,
            totals,
        ),
        occurrences,
        workers,
    )
    return counts, totals


def near_items(vectors: NDArray[np.float32], n: int, temperature: float, workers: int) -> Rows:
    """The n items nearest to each by cosine, weighted by softmax(cosine / temperature).

    Among more than MOST_COMPARED items the search is approximate.
    """
    with faiss_threads(workers):
        return _near_items(vectors, n, temperature)


def _near_items(vectors: NDArray[np.float32], n: int, temperature: float) -> Rows:
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
        parts = np.exp((cosines - cosines[:, :1]) / temperature) * (found >= 0)
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


def _in_parallel(work: Work, costs: NDArray[np.int64], workers: int) -> None:
    """Calls `work(first, last, sums)` for ranges of items that cost about the same.

    Args:
        work: done in several threads, each with scratch of its own.
        costs: int64 [items], what an item costs beside others.
        workers: threads.
    """
    scratch = threading.local()

    def on_range(first: int, last: int) -> None:
        if not hasattr(scratch, "sums"):
            scratch.sums = RowSums(np.zeros(len(costs), np.float32), np.empty(len(costs), np.int32))
        work(first, last, scratch.sums)

    marks = np.linspace(0, costs.sum(), TASKS_OF_A_WORKER * workers + 1)[1:-1]
    borders = np.unique([0, *np.searchsorted(np.cumsum(costs), marks), len(costs)]).tolist()
    with threads(workers) as map_ranges:
        list(map_ranges(on_range, borders[:-1], borders[1:]))
