"""Checks the content of a loaded artifact, beyond what checksums cover."""

from collections.abc import Iterator
from itertools import chain

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.artifact import (
    COSINE_INDEX,
    COUNTS,
    INPUT_VECTORS,
    MANIFEST,
    MAP,
    NEIGHBORS,
    NEIGHBORS_SCORES,
    OUTPUT_VECTORS,
    RECENT_COUNTS,
    SEQUENCES,
    SEQUENCES_KEYS,
    SEQUENCES_OFFSETS,
    SEQUENCES_SHARES,
    TABLE,
    TABLE_OFFSETS,
    TABLE_SCORES,
    Artifact,
)
from service.model.continuations import Continuations
from service.model.faults import Fault, differs, shape
from service.model.index import codes, flat, is_quantized, rows
from service.model.item_map import POINT, ItemMap
from service.model.neighbors import NOTHING, NeighborLists
from service.model.sequences import Sequences, keys_end
from service.model.voices import VOICES

INDEXES = (faiss.IndexFlatIP, faiss.IndexRefineFlat)
CODES_IN_A_BLOCK = 32  # as FAISS packs them


def faults_of(artifact: Artifact) -> Iterator[Fault]:
    """What would make answers fail or mean nothing, beside strings; copies no vectors.

    Each check relies on those before it, so a fault hides those after it.
    """
    return chain(_shapes(artifact), _index(artifact), _values(artifact))


def _shapes(artifact: Artifact) -> Iterator[Fault]:
    rows, columns = artifact.manifest.items, artifact.manifest.vector_size
    for name, vectors in _vectors(artifact).items():
        yield from differs(name, shape(vectors), f"float32 {(rows, columns)}")
    if artifact.neighbors is not None:
        yield from _shapes_of_lists(artifact.neighbors, rows)
    if artifact.continuations is not None:
        yield from _shapes_of_table(artifact.continuations, rows)
        yield from _shapes_of_sequences(artifact.continuations.sequences)
        yield from _weighed(artifact.continuations, rows)
    if artifact.map is not None:
        yield from _map(artifact.map, rows)


def _map(found: ItemMap, items: int) -> Iterator[Fault]:
    points, groups = found.points, len(found.settings.groups)
    if points.dtype != POINT or points.shape != (items,):
        yield MAP, f"holds {points.dtype} {points.shape} where {POINT} {(items,)} was expected"
    elif int(points["group"].max(initial=0)) >= groups:
        yield MAP, f"has an item in a cluster beyond the {groups} of the manifest"


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


def _shapes_of_sequences(sequences: Sequences) -> Iterator[Fault]:
    """Keys say how many offsets there must be, these how many items and shares."""
    keys, offsets = sequences.keys, sequences.offsets
    yield from differs(SEQUENCES_KEYS, shape(keys), f"int64 {(keys.size,)}")
    yield from differs(SEQUENCES_OFFSETS, shape(offsets), f"int64 {(len(keys) + 1,)}")
    total = int(offsets[-1])
    yield from differs(SEQUENCES, shape(sequences.items), f"int32 {(total,)}")
    yield from differs(SEQUENCES_SHARES, shape(sequences.shares), f"float32 {(total,)}")


def _weighed(next_: Continuations, items: int) -> Iterator[Fault]:
    """Weights are of the voices that this release has, and these need the recent counts."""
    logit, recent = next_.settings.logit, next_.recent
    if logit is not None and tuple(logit.names) != VOICES:
        others = sorted(set(logit.names) ^ set(VOICES)) or logit.names
        yield (
            MANIFEST,
            "ranks what comes next by other voices than this release has "
            f"({', '.join(others)}): train again",
        )
    n = items if logit is not None or recent.size else 0
    yield from differs(RECENT_COUNTS, shape(recent), f"int32 {(n,)}")


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
    exact = flat(index)
    if type(exact) is not faiss.IndexFlatIP or (exact.ntotal, exact.d) != expected:
        yield COSINE_INDEX, "has codes of other vectors than those of the items"
    if is_quantized(index):
        yield from _codes(index)
    if not _finite(rows(index)):
        yield COSINE_INDEX, "holds vectors that are not finite"


def _codes(index: faiss.Index) -> Iterator[Fault]:
    """A search reads a code of every item, and centroids for it, without looking."""
    quantized = codes(index)
    if not isinstance(quantized, faiss.IndexPQFastScan):
        yield COSINE_INDEX, f"has codes of {type(quantized).__name__}, not IndexPQFastScan"
    blocks = -(-index.ntotal // CODES_IN_A_BLOCK)
    expected = {
        "items": index.ntotal,
        "metric": faiss.METRIC_INNER_PRODUCT,
        "block": CODES_IN_A_BLOCK,
        "codes": blocks * CODES_IN_A_BLOCK * (index.d + index.d % 2) // 2,
        "product": (index.d, index.d, 4),
        "centroids": index.d * 16,
    }
    product = quantized.pq
    found = {
        "items": quantized.ntotal,
        "metric": quantized.metric_type,
        "block": quantized.bbs,
        "codes": quantized.codes.size(),
        "product": (product.d, product.M, product.nbits),
        "centroids": product.centroids.size(),
    }
    for name, value in expected.items():
        yield from differs(COSINE_INDEX, f"{name} {found[name]}", f"{name} {value}")
    if not _finite(faiss.vector_to_array(product.centroids)):
        yield COSINE_INDEX, "holds centroids that are not finite"


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
        yield from _values_of_sequences(artifact.continuations, artifact.manifest.items)


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
    if offsets[0] != 0 or np.any(offsets[1:] < offsets[:-1]):
        yield TABLE_OFFSETS, "does not rise from 0"
    if continuations.min(initial=0) < 0 or continuations.max(initial=-1) >= items:
        yield TABLE, f"holds rows that are not in 0 to {items - 1}"
    if not _finite(next_.scores) or next_.scores.min(initial=0) < 0:
        yield TABLE_SCORES, "holds scores that are negative or not finite"


def _values_of_sequences(next_: Continuations, items: int) -> Iterator[Fault]:
    keys, offsets, following, shares = next_.sequences
    if np.any(keys[1:] <= keys[:-1]):
        yield SEQUENCES_KEYS, "holds keys that do not ascend"
    if len(keys) and (keys[0] < 0 or keys[-1] >= keys_end(items)):
        yield SEQUENCES_KEYS, f"holds keys that are not in 0 to {keys_end(items) - 1}"
    if offsets[0] != 0 or np.any(offsets[1:] < offsets[:-1]):
        yield SEQUENCES_OFFSETS, "does not rise from 0"
    if following.min(initial=0) < 0 or following.max(initial=-1) >= items:
        yield SEQUENCES, f"holds rows that are not in 0 to {items - 1}"
    if not _finite(shares) or shares.min(initial=0) < 0 or shares.max(initial=0) > 1:
        yield SEQUENCES_SHARES, "holds shares that are not in 0 to 1"
    if next_.recent.min(initial=0) < 0:
        yield RECENT_COUNTS, "holds counts below 0"


def _vectors(artifact: Artifact) -> dict[str, NDArray[np.float32]]:
    return {INPUT_VECTORS: artifact.input_vectors, OUTPUT_VECTORS: artifact.output_vectors}


def _finite(array: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite: NaN and infinity show in the extremes, which copy nothing."""
    with np.errstate(invalid="ignore"):
        extremes = array.min(initial=0), array.max(initial=0)
    return bool(np.isfinite(extremes).all())
