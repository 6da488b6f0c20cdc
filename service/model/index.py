"""Searches the index of an artifact: an inner product with every item, or first a rough one.

The rough one compares with a code of four bits for each column (the limit of product quantisation,
Jégou, Douze & Schmid 2011; in registers: André, Kermarrec & Le Scouarnec 2017), and is exact for
the best candidates.
"""

from functools import lru_cache
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# Candidates that are compared exactly, the more the fewer columns there are. Measured on 60,000
# items of a music log and on clusters of hundreds, 17 to 200 columns, 1 to 100 of which are wanted:
# .999 or more of the best are among them.
CANDIDATES, CANDIDATES_FOR_AN_ITEM, COLUMNS = 40, 3, 100
GATHERED_AS_QUICKLY = 10  # times fewer items than all are copied and compared sooner
SPARE = 2  # times as many are searched as should be allowed, of many that are
LEAST_GAIN = 8  # times fewer candidates than items, or every item is compared
COMPARED_QUICKLY, CODES_COMPARED_QUICKLY = 8_000_000, 40_000_000  # numbers, in about a millisecond

Found = tuple[NDArray[np.float32], NDArray[np.int64]]


def search(index: faiss.Index, tastes: NDArray[np.float32], k: int) -> Found:
    """The k items with the largest inner products.

    Args:
        index: of either kind.
        tastes: float32 [tastes, columns].
        k: at most the number of items.

    Returns:
        float32 and int64 [tastes, k]: inner products and rows, best first.
    """
    candidates = (CANDIDATES + CANDIDATES_FOR_AN_ITEM * k) * (1 + COLUMNS / index.d)
    if not is_quantized(index) or LEAST_GAIN * candidates > index.ntotal:
        exact: faiss.Index = flat(index)
        return exact.search(tastes, k)
    return index.search(tastes, k, params=_parameters(candidates / k))


def search_allowed(
    index: faiss.Index, taste: NDArray[np.float32], k: int, mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k items with the largest inner products among those allowed; always k if there are.

    Args:
        index: of either kind.
        taste: float32 [columns].
        k: how many at most.
        mask: bool [items].

    Returns:
        float32 and int64 [at most k]: inner products and rows, best first.
    """
    allowed = np.flatnonzero(mask)
    k = min(k, len(allowed))
    if k == 0:
        return np.empty(0, np.float32), allowed
    if len(allowed) * GATHERED_AS_QUICKLY <= len(mask):
        scores = products(index, taste, allowed)
        best = np.argpartition(-scores, k - 1)[:k]
        best = best[np.argsort(-scores[best], kind="stable")]
        return scores[best], allowed[best]
    wanted = min(SPARE * k * len(mask) // len(allowed) + CANDIDATES, len(mask))
    scores, found = (some[0] for some in search(index, taste[None], wanted))
    kept = np.flatnonzero(mask[found])[:k]
    if len(kept) == k:
        return scores[kept], found[kept]
    parameters: Any = faiss.SearchParameters
    selector: Any = faiss.IDSelectorBitmap
    exact: faiss.Index = flat(index)
    bits = np.packbits(mask, bitorder="little")
    scores, found = exact.search(taste[None], k, params=parameters(sel=selector(bits)))
    return scores[0], found[0]


@lru_cache
def _parameters(k_factor: float) -> Any:  # noqa: ANN401
    parameters: Any = faiss.IndexRefineSearchParameters
    return parameters(k_factor=k_factor)


def is_quick(index: faiss.Index) -> bool:
    """Whether a search takes about a millisecond at most."""
    limit = CODES_COMPARED_QUICKLY if is_quantized(index) else COMPARED_QUICKLY
    return bool(index.ntotal * index.d <= limit)


def is_quantized(index: faiss.Index) -> bool:
    """Whether a search begins with codes."""
    return isinstance(index, faiss.IndexRefineFlat)


def flat(index: Any) -> Any:  # noqa: ANN401
    """The part that compares exactly."""
    return faiss.downcast_index(index.refine_index) if is_quantized(index) else index


def rows(index: faiss.Index) -> NDArray[np.float32]:
    """What is compared exactly, float32 [items, columns], without a copy."""
    exact: Any = flat(index)
    numbers: NDArray[np.float32] = faiss.rev_swig_ptr(exact.get_xb(), exact.ntotal * exact.d)
    return numbers.reshape(exact.ntotal, exact.d)


def products(
    index: faiss.Index, taste: NDArray[np.float32], some: NDArray[np.int64] | slice
) -> NDArray[np.float32]:
    """The inner products with some rows, float32 [rows]; BLAS would start threads for them."""
    found: NDArray[np.float32] = np.einsum("ij,j->i", rows(index)[some], taste)
    return found


def codes(index: Any) -> Any:  # noqa: ANN401
    """The part of a quantized index that compares codes."""
    return faiss.downcast_index(index.base_index)
