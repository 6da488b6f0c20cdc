"""Builds the FAISS index over unit vectors."""

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.artifact import unit
from trainer.arrays import blocks
from trainer.config.sections import IndexConfig
from trainer.faiss_threads import faiss_threads


def cosine_index(
    vectors: NDArray[np.float32], config: IndexConfig, workers: int = 1
) -> faiss.Index:
    """An inner-product index over the vectors scaled to length 1: its scores are cosines.

    Args:
        vectors: float32 [items, vector_size].
        config: exact comparison, or an HNSW graph (Malkov & Yashunin, arXiv 1603.09320).
        workers: threads that build the graph; with one, the same vectors give the same graph.
    """
    columns = vectors.shape[1]
    index: faiss.Index
    if config.search == "exact":
        index = faiss.IndexFlatIP(columns)
    else:
        index = faiss.IndexHNSWFlat(columns, config.hnsw_links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = config.hnsw_ef_construction
    with faiss_threads(workers):
        for block in blocks(vectors):
            index.add(unit(block))
    return index
