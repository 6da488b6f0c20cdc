"""The input and output matrices, at the start of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.arrays import blocks
from trainer.config.sections import TrainingConfig
from trainer.corpus import Vocabulary
from trainer.word2vec.kernels.simd import LANES


class Matrices(NamedTuple):
    """Flat float32 matrices of `width` columns: one input and one output row an item."""

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    width: int


@dataclass(frozen=True, eq=False)
class KnownVectors:
    """Vectors of an earlier model, for a run to begin from.

    Attributes:
        item_ids: the items of that model, in row order.
        input: float32 [items, vector_size].
        output: float32 [items, vector_size], or None where its rows do not belong to items, as
            with hierarchical softmax.
    """

    item_ids: Sequence[str]
    input: NDArray[np.float32]
    output: NDArray[np.float32] | None


def new_matrices(items: int, config: TrainingConfig) -> Matrices:
    """Input rows uniform in (-1, 1) / vector_size, output rows zero, padded to whole vectors."""
    width = -(-config.vector_size // LANES) * LANES
    matrices = Matrices(_aligned_zeros(items * width), _aligned_zeros(items * width), width)
    random = np.random.Generator(np.random.PCG64(config.seed))
    for some in blocks(rows(matrices.input, width)[:, : config.vector_size]):
        start = 2 * random.random(some.shape, np.float32) - 1
        some[:] = start / np.float32(config.vector_size)
    return matrices


def rows(flat: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A flat matrix as float32 [items, width], without copying."""
    return flat.reshape(-1, width)


def take_over(matrices: Matrices, vocabulary: Vocabulary, known: KnownVectors) -> int:
    """Gives the items that an earlier model knew their vectors of then.

    Args:
        matrices: changed; as wide as the known vectors or wider.
        vocabulary: the items of the matrices.
        known: the earlier model.

    Returns:
        How many items were known.
    """
    row_of_known = vocabulary.rows(known.item_ids)
    old = np.flatnonzero(row_of_known >= 0)
    new = row_of_known[old]
    size = known.input.shape[1]
    rows(matrices.input, matrices.width)[new, :size] = known.input[old]
    if known.output is not None:
        rows(matrices.output, matrices.width)[new, :size] = known.output[old]
    return len(old)


def _aligned_zeros(size: int) -> NDArray[np.float32]:
    """Zeros that start at a multiple of 64 bytes, so that no vector straddles a cache line."""
    buffer = np.zeros(size + LANES, np.float32)
    start = -(buffer.ctypes.data // buffer.itemsize) % LANES
    return buffer[start : start + size]
