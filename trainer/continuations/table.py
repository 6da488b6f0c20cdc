"""Counts what follows each item, smooths it with similar items and keeps the best."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.continuations import Continuations, Lists, NextSettings
from service.model.similarity import unit
from trainer.arrays import blocks
from trainer.config.sections import NextConfig
from trainer.continuations import kernels
from trainer.continuations.kernels import NOTHING, Occurrences, RowSums, Smoothing, SparseRows
from trainer.continuations.neighbors import nearest
from trainer.continuations.sequences import build_sequences
from trainer.corpus import Sessions
from trainer.faiss_threads import faiss_threads
from trainer.threads import threads

# A limit for all items together, so that the table of a million items fits in memory.
MOST_CONTINUATIONS = 20_000_000
TASKS_OF_A_WORKER = 64
RECENT_SHARE = 0.1  # of the events

Work = Callable[[int, int, RowSums], None]


def build_continuations(
    sessions: Sessions, vectors: NDArray[np.float32], config: NextConfig, workers: int
) -> Continuations | None:
    """Builds the table of what comes next from counts and vectors.

    The counts c_ab of items b around an item a are smoothed by a Dirichlet prior of mass m:
    P(b | a) = (c_ab + m Q_ab) / (c_a + m). The mean Q of the prior comes from the counts of the
    neighbors of a, items with similar vectors or with large counts c_ab. Frequent items rely on
    their own counts, rare ones on those of their neighbors.

    Args:
        sessions: the encoded corpus.
        vectors: float32 [items, vector_size], input vectors.
        config: how items are counted and smoothed.
        workers: threads.

    Returns:
        The table, or None if the configuration asks for no continuations.
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
    neighbors = near_items(
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
        lambda first, last, sums: kernels.smooth_rows(
            counts, totals, neighbors, first, last, smoothing, discounts, sums, table
        ),
        np.ones(items, np.int64),
        workers,
    )
    is_item = table.columns != NOTHING
    offsets = ragged.offsets_of(is_item.sum(axis=1))
    continuations = Continuations(
        table=Lists(table.columns[is_item], offsets),
        scores=table.values[is_item],
        settings=NextSettings(decay=config.next_decay, last_items=config.last_items),
    )
    if config.ranker == "table":
        return continuations
    return _with_more(continuations, sessions, items)


def _with_more(table: Continuations, sessions: Sessions, items: int) -> Continuations:
    """The table, with what else is known of the corpus when voices are weighed."""
    newest = sessions.items[int((1 - RECENT_SHARE) * len(sessions.items)) :]
    return replace(
        table,
        sequences=build_sequences(sessions, items),
        recent=np.bincount(newest, minlength=items).astype(np.int32),
    )


def count(
    sessions: Sessions, items: int, width: int, config: NextConfig, workers: int
) -> tuple[SparseRows, NDArray[np.float64]]:
    """Counts what occurs around each item: the largest counts, and the sums of all.

    Returns:
        The `width` largest counts of each item, and float64 [items], the sums of all its counts.
    """
    begins = np.zeros(len(sessions.items), np.bool_)
    begins[sessions.offsets[:-1]] = True
    occurrences = np.bincount(sessions.items, minlength=items)
    starts = ragged.offsets_of(occurrences)
    fits_int32 = len(sessions.items) < np.iinfo(np.int32).max
    positions: NDArray[Any] = np.empty(len(sessions.items), np.int32 if fits_int32 else np.int64)
    kernels.index_positions(sessions.items, starts, positions)
    weights = np.empty(0, np.float32) if sessions.weights is None else sessions.weights
    corpus = Occurrences(sessions.items, begins, weights, positions, starts)
    counts, totals = _empty(items, width), np.empty(items)
    _in_parallel(
        lambda first, last, sums: kernels.count_rows(
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


def near_items(
    vectors: NDArray[np.float32], n: int, temperature: float, workers: int
) -> SparseRows:
    """The n nearest items of each item by cosine, weighted by softmax(cosine / temperature).

    With very many items, the search is approximate: see `nearest`.
    """
    with faiss_threads(workers):
        return _near_items(vectors, n, temperature)


def _near_items(vectors: NDArray[np.float32], n: int, temperature: float) -> SparseRows:
    items = len(vectors)
    units = np.empty((items, vectors.shape[1]), np.float32)
    for units_of_block, block in zip(blocks(units), blocks(vectors), strict=True):
        units_of_block[:] = unit(block)
    near = _empty(items, n)
    for batch, neighbors, cosines in nearest(units, lambda batch: units[batch], n):
        weights = np.exp((cosines - cosines[:, :1]) / temperature) * (neighbors >= 0)
        near.columns[batch] = neighbors
        near.values[batch] = weights / weights.sum(axis=1, keepdims=True)
    return near


def _empty(rows: int, width: int) -> SparseRows:
    return SparseRows(
        np.full((rows, width), NOTHING, np.int32), np.zeros((rows, width), np.float32)
    )


def _in_parallel(work: Work, costs: NDArray[np.int64], workers: int) -> None:
    """Calls `work(first, last, sums)` for ranges of items that cost about the same.

    Args:
        work: called in several threads, each with scratch of its own.
        costs: int64 [items], the relative cost of each item.
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
