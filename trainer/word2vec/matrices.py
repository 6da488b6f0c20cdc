"""The input and output matrices, at the start of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.arrays import blocks
from trainer.config.sections import TrainingConfig
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


def take_over(matrices: Matrices, item_ids: Sequence[str], known: KnownVectors) -> int:
    """Gives the items that an earlier model knew their vectors of then.

    Args:
        matrices: changed; as wide as the known vectors or wider.
        item_ids: the items of the matrices, in row order.
        known: the earlier model.

    Returns:
        How many items were known.
    """
    old_rows = {item_id: row for row, item_id in enumerate(known.item_ids)}
    pairs = [
        (row, old_rows[item_id]) for row, item_id in enumerate(item_ids) if item_id in old_rows
    ]
    new, old = np.array(pairs, np.int64).reshape(-1, 2).T
    size = known.input.shape[1]
    rows(matrices.input, matrices.width)[new, :size] = known.input[old]
    if known.output is not None:
        rows(matrices.output, matrices.width)[new, :size] = known.output[old]
    return len(pairs)


def _aligned_zeros(size: int) -> NDArray[np.float32]:
    """Zeros that start at a multiple of 64 bytes, so that no vector straddles a cache line."""
    buffer = np.zeros(size + LANES, np.float32)
    start = -(buffer.ctypes.data // buffer.itemsize) % LANES
    return buffer[start : start + size]
