"""Finds the nearest items of every item, by inner product."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

# Up to this number of items each is compared with all others, beyond it with the nearest cells.
MOST_COMPARED = 150_000
BITS_OF_A_CODE = 4
SAMPLED_FOR_A_CELL = 40
ITEMS_AT_ONCE = 4096

Found = tuple[NDArray[np.float32], NDArray[np.int64]]
Search = Callable[[NDArray[np.float32], int], Found]


class Effort(NamedTuple):
    """How hard an approximate search tries.

    Attributes:
        cells: how many cells are searched for a query, of about 2 sqrt(items).
        candidates: how many candidates are compared exactly, for each item that is wanted.
    """

    cells: int = 16
    candidates: int = 2


class Neighbors(NamedTuple):
    """The nearest items of a range of items.

    Attributes:
        items: the range.
        neighbors: int64 [items, n], best first; -1 where an approximate search found too few.
        scores: float32 [items, n], inner products; minus infinity there.
    """

    items: slice
    neighbors: NDArray[np.int64]
    scores: NDArray[np.float32]


def nearest(
    rows: NDArray[np.float32],
    queries: Callable[[slice], NDArray[np.float32]],
    n: int,
    effort: Effort | None = None,
) -> Iterator[Neighbors]:
    """The n best other items of every item, a range of items after the other.

    With more than MOST_COMPARED items, the search is approximate, and its scores are exact.

    Args:
        rows: float32 [items, columns], what is searched.
        queries: float32 [items of a range, columns], what is searched for them.
        n: at most the number of items less one.
        effort: of an approximate search.
    """
    items = len(rows)
    search = _search_all(rows) if items <= MOST_COMPARED else _search_cells(rows, effort)
    for first in range(0, items, ITEMS_AT_ONCE):
        batch = slice(first, min(first + ITEMS_AT_ONCE, items))
        scores, neighbors = search(queries(batch), n + 1)
        # Without the item itself, or else without the last of n + 1 other items.
        is_other = neighbors != np.arange(batch.start, batch.stop)[:, None]
        is_other[is_other.all(axis=1), -1] = False
        yield Neighbors(batch, neighbors[is_other].reshape(-1, n), scores[is_other].reshape(-1, n))


def _search_all(rows: NDArray[np.float32]) -> Search:
    """Compares a query with every item."""
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return lambda queries, k: index.search(queries, k)


def _search_cells(rows: NDArray[np.float32], effort: Effort | None) -> Search:
    """Compares a query with the codes of items in the nearest cells, and the best exactly.

    Uses an inverted file with product quantisation (Jegou et al., TPAMI 33(1), 2011).
    """
    probed, candidates = effort or Effort()
    even = _even(rows)
    items, columns = even.shape
    cells = int(2 * np.sqrt(items))
    coarse = faiss.IndexFlatIP(columns)
    codes = faiss.IndexIVFPQFastScan(
        coarse, columns, cells, columns // 2, BITS_OF_A_CODE, faiss.METRIC_INNER_PRODUCT
    )
    codes.cp.niter = 10
    codes.nprobe = probed
    sampled = min(items, SAMPLED_FOR_A_CELL * cells)
    codes.train(even[np.random.default_rng(0).choice(items, sampled, replace=False)])
    exact = faiss.IndexFlatIP(columns)
    index = faiss.IndexRefine(codes, exact)
    index.k_factor = candidates
    index.add(even)

    def search(queries: NDArray[np.float32], k: int) -> Found:
        scores, neighbors = index.search(_even(queries), k)
        scores[neighbors < 0] = -np.inf
        return scores, neighbors

    return search


def _even(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Adds a column of zeros if the number of columns is odd: two columns share a code."""
    return np.pad(rows, ((0, 0), (0, 1))) if rows.shape[1] % 2 else rows
