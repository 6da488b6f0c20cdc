"""Searches the index of an artifact: an inner product with every item, or first a rough one.

The rough one compares with codes of four bits for each two columns (product quantisation, Jégou,
Douze & Schmid 2011; in registers: André, Kermarrec & Le Scouarnec 2017), and is exact for the best
candidates.
"""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# Candidates that are compared exactly. Measured on 60,000 items of a music log and a million
# synthetic ones, 1 to 100 of which are wanted: .9993 or more of the best are among them.
CANDIDATES, CANDIDATES_FOR_AN_ITEM = 300, 25
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
    candidates = CANDIDATES + CANDIDATES_FOR_AN_ITEM * k
    if not is_quantized(index) or LEAST_GAIN * candidates > index.ntotal:
        exact: faiss.Index = flat(index)
        return exact.search(tastes, k)
    parameters: Any = faiss.IndexRefineSearchParameters
    return index.search(tastes, k, params=parameters(k_factor=candidates / k))


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


def codes(index: Any) -> tuple[list[int], Any]:  # noqa: ANN401
    """The columns that codes are made of, -1 for zeros, and the index that holds the codes."""
    inner: Any = faiss.downcast_index(index.base_index)
    if not isinstance(inner, faiss.IndexPreTransform):
        return [], inner
    chain: Any = inner.chain
    columns: Any = faiss.downcast_VectorTransform(chain.at(0)) if chain.size() == 1 else None
    is_remap = isinstance(columns, faiss.RemapDimensionsTransform)
    return (
        faiss.vector_to_array(columns.map).tolist() if is_remap else [],
        faiss.downcast_index(inner.index),
    )
