"""Checks the content of a loaded artifact, beyond what checksums cover."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.artifact import (
    COSINE_INDEX,
    COUNTS,
    INPUT_VECTORS,
    NEIGHBORS,
    NEIGHBORS_SCORES,
    OUTPUT_VECTORS,
    TABLE,
    TABLE_OFFSETS,
    TABLE_SCORES,
    Artifact,
)
from service.model.continuations import Continuations
from service.model.faults import Fault, differs, shape
from service.model.neighbors import NOTHING, NeighborLists

INDEXES = (faiss.IndexFlatIP, faiss.IndexHNSWFlat)


def faults_of(artifact: Artifact) -> Iterator[Fault]:
    """What would make answers fail or mean nothing, beside strings; copies no vectors.

    Each check relies on those before it, so a fault hides those after it.
    """
    return chain(_shapes(artifact), _index(artifact), _values(artifact))


def _shapes(artifact: Artifact) -> Iterator[Fault]:
    rows, columns = artifact.manifest.items, artifact.manifest.vector_size
    yield from differs(COUNTS, shape(artifact.counts), f"int64 {(rows,)}")
    for name, vectors in _vectors(artifact).items():
        yield from differs(name, shape(vectors), f"float32 {(rows, columns)}")
    if artifact.neighbors is not None:
        yield from _shapes_of_lists(artifact.neighbors, rows)
    if artifact.continuations is not None:
        yield from _shapes_of_table(artifact.continuations, rows)


def _shapes_of_lists(lists: NeighborLists, items: int) -> Iterator[Fault]:
    found = shape(lists.items)
    n = lists.items.shape[1] if lists.items.ndim == 2 else 0
    yield from differs(NEIGHBORS, found, f"int32 {(items, min(n, items - 1))}")
    yield from differs(NEIGHBORS_SCORES, shape(lists.scores), f"float32 {(items, n)}")


def _shapes_of_table(next_: Continuations, items: int) -> Iterator[Fault]:
    """Offsets come first: they say how many items and scores there must be."""
    continuations, offsets = next_.table
    yield from differs(TABLE_OFFSETS, shape(offsets), f"int64 {(items + 1,)}")
    total = int(offsets[-1])
    yield from differs(TABLE, shape(continuations), f"int32 {(total,)}")
    yield from differs(TABLE_SCORES, shape(next_.scores), f"float32 {(total,)}")


def _index(artifact: Artifact) -> Iterator[Fault]:
    index = artifact.cosine_index
    kind = type(index)
    if kind not in INDEXES or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        kinds = " or ".join(index_type.__name__ for index_type in INDEXES)
        yield (
            COSINE_INDEX,
            f"is {kind.__name__} of metric {index.metric_type}, not {kinds} of inner products",
        )
    expected = (artifact.manifest.items, artifact.manifest.vector_size + 1)
    found = (index.ntotal, index.d)
    yield from differs(COSINE_INDEX, f"vectors {found}", f"vectors {expected}")
    stored: Any = index
    if isinstance(index, faiss.IndexHNSWFlat):
        stored = faiss.downcast_index(index.storage)
    if type(stored) is not faiss.IndexFlatIP or (stored.ntotal, stored.d) != expected:
        yield COSINE_INDEX, "has a graph over other vectors than those of the items"
    if not _finite(faiss.rev_swig_ptr(stored.get_xb(), index.ntotal * index.d)):
        yield COSINE_INDEX, "holds vectors that are not finite"


def _values(artifact: Artifact) -> Iterator[Fault]:
    if artifact.counts.min() < 1:
        yield COUNTS, "holds counts below 1"
    for name, vectors in _vectors(artifact).items():
        if not _finite(vectors):
            yield name, "holds numbers that are not finite"
    if artifact.neighbors is not None:
        yield from _values_of_lists(artifact.neighbors)
    if artifact.continuations is not None:
        yield from _values_of_table(artifact.continuations, artifact.manifest.items)


def _values_of_lists(lists: NeighborLists) -> Iterator[Fault]:
    items, scores = lists
    if items.min(initial=NOTHING) < NOTHING or items.max(initial=NOTHING) >= len(items):
        yield NEIGHBORS, f"holds rows that are not in {NOTHING} to {len(items) - 1}"
    if not _finite(scores):
        yield NEIGHBORS_SCORES, "holds scores that are not finite"
    if scores.min(initial=0) < -1 or scores.max(initial=0) > 1:
        yield NEIGHBORS_SCORES, "holds scores beyond -1 and 1"


def _values_of_table(next_: Continuations, items: int) -> Iterator[Fault]:
    """Queries follow offsets and items, so neither may point outside."""
    continuations, offsets = next_.table
    if offsets[0] != 0 or np.any(np.diff(offsets) < 0):
        yield TABLE_OFFSETS, "does not rise from 0"
    if continuations.min(initial=0) < 0 or continuations.max(initial=-1) >= items:
        yield TABLE, f"holds rows that are not in 0 to {items - 1}"
    if not _finite(next_.scores) or next_.scores.min(initial=0) < 0:
        yield TABLE_SCORES, "holds scores that are negative or not finite"


def _vectors(artifact: Artifact) -> dict[str, NDArray[np.float32]]:
    return {INPUT_VECTORS: artifact.input_vectors, OUTPUT_VECTORS: artifact.output_vectors}


def _finite(array: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite: NaN and infinity show in the extremes, which copy nothing."""
    with np.errstate(invalid="ignore"):
        extremes = array.min(initial=0), array.max(initial=0)
    return bool(np.isfinite(extremes).all())
