"""Builds the FAISS index that ranks similar items."""

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.similarity import SimilarSettings, answer_rows
from trainer.arrays import ROWS_AT_ONCE
from trainer.config.sections import IndexConfig
from trainer.faiss_threads import faiss_threads


def cosine_index(
    vectors: NDArray[np.float32],
    counts: NDArray[np.int64],
    settings: SimilarSettings,
    config: IndexConfig,
    workers: int = 1,
) -> faiss.Index:
    """An inner-product index: its scores are cosines, less a discount for rare answers.

    Args:
        vectors: float32 [items, vector_size], input vectors.
        counts: int64 [items], occurrences in training.
        settings: how rare answers are discounted.
        config: exact comparison, or an HNSW graph (Malkov & Yashunin, arXiv 1603.09320).
        workers: threads that build the graph; with one, the same vectors give the same graph.
    """
    columns = vectors.shape[1] + 1
    index: faiss.Index
    if config.search == "exact":
        index = faiss.IndexFlatIP(columns)
    else:
        index = faiss.IndexHNSWFlat(columns, config.hnsw_links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = config.hnsw_ef_construction
    with faiss_threads(workers):
        for first in range(0, len(vectors), ROWS_AT_ONCE):
            block = slice(first, first + ROWS_AT_ONCE)
            index.add(answer_rows(vectors[block], counts[block], settings))
    return index
