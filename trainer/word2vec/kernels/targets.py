"""Picks the output rows that a center is scored against, those with label 1 first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import by_first_type, fast_jit
from trainer.word2vec.kernels.randomness import LOW_HALF, below, next_bits
from trainer.word2vec.kernels.simd import LANES, prefetch
from trainer.word2vec.matrices import Matrices

# Noise items are drawn this many draws ahead (a power of two), and their rows prefetched.
AHEAD = 32


class NoiseTargets(NamedTuple):
    """Negative sampling: the center, and noise items that differ from it.

    max_targets: the largest number of targets of a center.
    alias: uint32 [items, 2], the alias table of the noise (see `alias_table`).
    ring: int64 [AHEAD], the noise items drawn next, as a ring.
    n_used: int64 [1], the number of items used from the ring so far.
    state: uint64 [1], the state of the random numbers.
    """

    max_targets: int
    alias: NDArray[np.uint32]
    ring: NDArray[np.int64]
    n_used: NDArray[np.int64]
    state: NDArray[np.uint64]


class PathTargets(NamedTuple):
    """Hierarchical softmax: the inner nodes between the center and the root.

    max_targets: the largest number of targets of a center, the depth of the tree.
    links: int64 [2 items - 1], the Huffman tree (see `huffman_tree`).
    """

    max_targets: int
    links: NDArray[np.int64]


Targets = NoiseTargets | PathTargets


@fast_jit
def noise_item(state: NDArray[np.uint64], alias: NDArray[np.uint32]) -> np.int64:
    """An item drawn from an alias table."""
    bits = next_bits(state)
    item = below(bits, alias.shape[0])
    return item if (bits & LOW_HALF) < np.uint64(alias[item, 0]) else np.int64(alias[item, 1])


@fast_jit
def fill_ring(source: NoiseTargets) -> None:
    """Fills the ring, before the first noise is taken from it."""
    for place in range(AHEAD):
        source.ring[place] = noise_item(source.state, source.alias)


def _noise_and_center(
    source: NoiseTargets, center: int, matrices: Matrices, starts: NDArray[np.int64]
) -> tuple[int, int]:
    width = matrices.width
    starts[0] = center * width
    n = 1
    for _ in range(source.max_targets - 1):
        place = source.n_used[0] & (AHEAD - 1)
        item = source.ring[place]
        later = noise_item(source.state, source.alias)
        source.ring[place] = later
        source.n_used[0] += 1
        for column in range(0, width, LANES):
            prefetch(matrices.output, int(later) * width + column)
        if item != center:
            starts[n] = item * width
            n += 1
    return 1, n


def _path_to_root(
    source: PathTargets, center: int, matrices: Matrices, starts: NDArray[np.int64]
) -> tuple[int, int]:
    links = source.links
    n_items = (links.size + 1) // 2
    n_positive = 0
    negative = source.max_targets
    node = center
    while node != links.size - 1:
        parent = links[node] >> 1
        if links[node] & 1:
            starts[n_positive] = (parent - n_items) * matrices.width
            n_positive += 1
        else:
            negative -= 1
            starts[negative] = (parent - n_items) * matrices.width
        node = parent
    n = n_positive
    for place in range(negative, source.max_targets):
        starts[n] = starts[place]
        n += 1
    return n_positive, n


@by_first_type({NoiseTargets: _noise_and_center, PathTargets: _path_to_root})
def fill_targets(
    source: Targets, center: int, matrices: Matrices, starts: NDArray[np.int64]
) -> tuple[int, int]:
    """Writes where the target rows of a center start in the output matrix.

    Args:
        source: where targets come from.
        center: the item at the center.
        matrices: those in training.
        starts: int64 [source.max_targets], written.

    Returns:
        The number of targets with label 1, and the number of all targets.
    """
    raise NotImplementedError
