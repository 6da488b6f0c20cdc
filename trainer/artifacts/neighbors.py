"""Makes the lists of the most similar items that the service answers from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from service.model import index
from service.model.artifact import Artifact
from service.model.neighbors import NOTHING, NeighborLists
from service.model.similarity import query_rows, unit
from trainer.continuations.neighbors import Effort, nearest
from trainer.faiss_threads import faiss_threads

# Of an approximate search: a list is what people see, so it tries harder than smoothing needs.
EFFORT = Effort(cells=16, candidates=8)


def with_neighbors(artifact: Artifact, n: int, workers: int) -> Artifact:
    """The artifact, with the n most similar items of every item.

    The ranking is that of `Recommender.similar`. Lists are exact, even if the index has codes. Of
    very many items the candidates are approximate, see `nearest`; their scores are exact.

    Args:
        artifact: with its index.
        n: length of the lists; 0 for none.
        workers: threads.
    """
    items = artifact.manifest.items
    lists = NeighborLists(
        np.full((items, min(n, items - 1)), NOTHING, np.int32),
        np.zeros((items, min(n, items - 1)), np.float32),
    )
    if not lists.items.size:
        return replace(artifact, neighbors=lists)
    with faiss_threads(workers):
        found = nearest(
            index.rows(artifact.cosine_index),
            lambda batch: _queries(artifact, batch),
            lists.items.shape[1],
            EFFORT,
        )
        for batch, neighbors, scores in found:
            lists.items[batch] = neighbors
            lists.scores[batch] = np.where(neighbors == NOTHING, 0, np.clip(scores, -1, 1))
    return replace(artifact, neighbors=lists)


def _queries(artifact: Artifact, batch: slice) -> NDArray[np.float32]:
    """What `similar` searches for each item."""
    vectors, counts = artifact.input_vectors[batch], artifact.counts[batch]
    weights = np.ones(len(counts), np.float32)
    return query_rows(
        unit(vectors), counts, weights, np.arange(len(counts)), artifact.manifest.similar
    )
