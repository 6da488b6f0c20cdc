"""Builds the FAISS index that ranks similar items."""

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.similarity import SimilarSettings, answer_rows
from trainer.arrays import ROWS_AT_ONCE
from trainer.config.sections import IndexConfig
from trainer.faiss_threads import faiss_threads

# Numbers of all vectors: with fewer, a comparison with every item takes a quarter of a millisecond.
SMALLEST_QUANTIZED = 2_000_000
SAMPLED = 20_000  # items that codes are learned from


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
        config: whether a search begins with codes; few items have none, see `service.model.index`.
        workers: threads that learn the codes.
    """
    items, columns = len(vectors), vectors.shape[1] + 1
    index: faiss.Index = faiss.IndexFlatIP(columns)
    with faiss_threads(workers):
        if config.search == "quantized" and items * columns >= SMALLEST_QUANTIZED:
            codes = faiss.IndexPQFastScan(columns, columns, 4, faiss.METRIC_INNER_PRODUCT)
            index = faiss.IndexRefineFlat(codes)
            sample = np.sort(np.random.default_rng(0).permutation(items)[:SAMPLED])
            index.train(answer_rows(vectors[sample], counts[sample], settings))
        for first in range(0, items, ROWS_AT_ONCE):
            block = slice(first, first + ROWS_AT_ONCE)
            index.add(answer_rows(vectors[block], counts[block], settings))
    return index
