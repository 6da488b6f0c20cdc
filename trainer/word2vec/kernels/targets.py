"""How each objective picks the output rows for a center, those with label 1 first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import by_first_type, fast_jit
from trainer.word2vec.kernels.randomness import LOW_HALF, below, next_bits
from trainer.word2vec.kernels.simd import LANES, prefetch
from trainer.word2vec.matrices import Matrices

# Noise items are drawn this many draws ahead (a power of two), and their rows asked for by then.
AHEAD = 32


class NoiseTargets(NamedTuple):
    """Negative sampling: the center and noise, of which what equals the center is left out.

    most: the largest number of targets of a center.
    alias: uint32 [items, 2], the alias table of the noise (see `alias_table`).
    ahead: int64 [AHEAD], a ring of the noise drawn next.
    taken: int64 [1], the number of items taken from it so far.
    state: uint64 [1], of the random numbers.
    """

    most: int
    alias: NDArray[np.uint32]
    ahead: NDArray[np.int64]
    taken: NDArray[np.int64]
    state: NDArray[np.uint64]


class PathTargets(NamedTuple):
    """Hierarchical softmax: the inner nodes between the center and the root.

    most: the largest number of targets of a center, which is the depth of the tree.
    links: int64 [2 items - 1], the Huffman tree (see `huffman_tree`).
    """

    most: int
    links: NDArray[np.int64]


Targets = NoiseTargets | PathTargets


@fast_jit
def noise_item(state: NDArray[np.uint64], alias: NDArray[np.uint32]) -> np.int64:
    """An item drawn from an alias table."""
    bits = next_bits(state)
    item = below(bits, alias.shape[0])
    return item if (bits & LOW_HALF) < np.uint64(alias[item, 0]) else np.int64(alias[item, 1])


@fast_jit
def draw_ahead(source: NoiseTargets) -> None:
    """Fills the ring, before the first noise is taken from it."""
    for place in range(AHEAD):
        source.ahead[place] = noise_item(source.state, source.alias)


def _noise_and_center(
    source: NoiseTargets, center: int, matrices: Matrices, starts: NDArray[np.int64]
) -> tuple[int, int]:
    width = matrices.width
    starts[0] = center * width
    n = 1
    for _ in range(source.most - 1):
        place = source.taken[0] & (AHEAD - 1)
        item = source.ahead[place]
        later = noise_item(source.state, source.alias)
        source.ahead[place] = later
        source.taken[0] += 1
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
    negative = source.most
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
    for place in range(negative, source.most):
        starts[n] = starts[place]
        n += 1
    return n_positive, n


@by_first_type({NoiseTargets: _noise_and_center, PathTargets: _path_to_root})
def fill_targets(
    source: Targets, center: int, matrices: Matrices, starts: NDArray[np.int64]
) -> tuple[int, int]:
    """Writes where the rows of a center's targets start.

    Args:
        source: where targets come from.
        center: the item.
        matrices: those trained.
        starts: int64 [source.most], written.

    Returns:
        How many targets have label 1, and how many there are.
    """
    raise NotImplementedError
