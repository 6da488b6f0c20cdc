"""Makes the input and output matrices that a training run begins with."""

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
    """Flat float32 matrices of `width` columns: one input and one output row per item."""

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    width: int


@dataclass(frozen=True, eq=False)
class KnownVectors:
    """The vectors of an earlier model, from which a run begins.

    Attributes:
        item_ids: the items of that model, in row order.
        input: float32 [items, vector_size].
        output: float32 [items, vector_size], or None if its rows do not belong to items, as
            with hierarchical softmax.
    """

    item_ids: Sequence[str]
    input: NDArray[np.float32]
    output: NDArray[np.float32] | None


def new_matrices(items: int, config: TrainingConfig, spare_rows: int = 0) -> Matrices:
    """New matrices: input uniform in (-1, 1) / vector_size, output zero, rows padded to LANES.

    Args:
        items: the number of items.
        config: the settings.
        spare_rows: rows of zeros behind those of the items, in both matrices.
    """
    width = -(-config.vector_size // LANES) * LANES
    size = (items + spare_rows) * width
    matrices = Matrices(_aligned_zeros(size), _aligned_zeros(size), width)
    random = np.random.Generator(np.random.PCG64(config.seed))
    for block in blocks(rows(matrices.input, width)[:items, : config.vector_size]):
        start = 2 * random.random(block.shape, np.float32) - 1
        block[:] = start / np.float32(config.vector_size)
    return matrices


def first_rows(matrices: Matrices, items: int) -> Matrices:
    """The rows of the items, without copying and without spare rows."""
    size = items * matrices.width
    return Matrices(matrices.input[:size], matrices.output[:size], matrices.width)


def rows(flat: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A flat matrix as float32 [items, width], without copying."""
    return flat.reshape(-1, width)


def take_over(matrices: Matrices, vocabulary: Vocabulary, known: KnownVectors) -> int:
    """Copies the vectors of the items that an earlier model knew.

    Args:
        matrices: changed in place; at least as wide as the known vectors.
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
    """Zeros that start at a multiple of 64 bytes, so that no vector straddles a cache line.

    They are written, so that the memory is there before training begins: 0.4 GB of pages that are
    claimed one by one, at the first step of each row, took a second.
    """
    buffer = np.empty(size + LANES, np.float32)
    buffer.fill(0)
    start = -(buffer.ctypes.data // buffer.itemsize) % LANES
    return buffer[start : start + size]
