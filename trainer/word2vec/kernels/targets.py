"""Picks the output rows that a center is scored against, those with label 1 first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import by_first_type, inner_jit
from trainer.word2vec.kernels.copies import Copies, Whole, copied
from trainer.word2vec.kernels.randomness import LOW_HALF, advance, below
from trainer.word2vec.kernels.simd import LANES, prefetch
from trainer.word2vec.matrices import Matrices

# Nodes this near the root of the tree stay in the cache, and need no prefetching.
NEAR_ROOT = 7


class NoiseTargets(NamedTuple):
    """Negative sampling: the center, and noise items that differ from it.

    max_targets: the largest number of targets of a center.
    alias: uint32 [items, 2], the alias table of the noise (see `alias_table`).
    state: uint64 [1], the state of the random numbers.
    """

    max_targets: int
    alias: NDArray[np.uint32]
    state: NDArray[np.uint64]


class PathTargets(NamedTuple):
    """Hierarchical softmax: the inner nodes between the center and the root.

    max_targets: the largest number of targets of a center, the depth of the tree.
    links: uint32 [2 items - 1], the Huffman tree (see `huffman_tree`).
    depths: uint8 [items], the nodes between an item and the root. Known ahead, the steps of one
        path need not end before those of the next begin.
    """

    max_targets: int
    links: NDArray[np.uint32]
    depths: NDArray[np.uint8]


Targets = NoiseTargets | PathTargets


@inner_jit
def prefetch_row(flat: NDArray[np.float32], start: Whole, width: int) -> None:
    """Loads a row into the cache, ahead of its use."""
    for column in range(0, width, LANES):
        prefetch(flat, start + column)


@inner_jit
def _noise_item(bits: np.uint64, alias: NDArray[np.uint32]) -> np.int64:
    """The item of 64 random bits by an alias table."""
    item = below(bits, alias.shape[0])
    is_alias = np.int64((bits & LOW_HALF) >= np.uint64(alias[item, 0]))
    return item + (np.int64(alias[item, 1]) - item) * is_alias  # a branch would be guessed wrong


@inner_jit
def draw_noise(
    source: NoiseTargets,
    n: int,
    matrices: Matrices,
    copies: Copies,
    starts: NDArray[np.int64],
    first: int,
) -> None:
    """Draws n noise items and loads their rows.

    Args:
        source: where they come from.
        n: how many.
        matrices: those in training.
        copies: the thread's copies of hot rows.
        starts: int64, where the rows start; written from `first` on.
        first: a place in `starts`.
    """
    width = matrices.width
    bits = source.state[0]
    for place in range(first, first + n):
        bits = advance(bits)
        start = copied(_noise_item(bits, source.alias), 0, copies) * width
        starts[place] = start
        prefetch_row(matrices.output, start, width)
    source.state[0] = bits


@inner_jit
def _noise_and_center(
    source: NoiseTargets,
    center: int,
    matrices: Matrices,
    copies: Copies,
    starts: NDArray[np.int64],
    first: int,
) -> tuple[Whole, Whole]:
    own = copied(center, 0, copies) * matrices.width
    starts[first] = own
    draw_noise(source, source.max_targets - 1, matrices, copies, starts, first + 1)
    n = 1
    for place in range(first + 1, first + source.max_targets):
        starts[first + n] = starts[place]
        n += int(starts[place] != own)
    return 1, n


@inner_jit
def _path_to_root(
    source: PathTargets,
    center: int,
    matrices: Matrices,
    copies: Copies,
    starts: NDArray[np.int64],
    first: int,
) -> tuple[Whole, Whole]:
    width = matrices.width
    n_items = source.depths.size
    depth = np.int64(source.depths[center])
    node = np.int64(center)
    n_positive = np.int64(0)
    for step in range(depth):
        link = np.int64(source.links[node])
        node = link >> 1
        start = copied(node - n_items, copies.first_output, copies) * width
        if step < depth - NEAR_ROOT:
            prefetch_row(matrices.output, start, width)
        # At the end of the nodes with label 1 and at that of the others; one is written again.
        starts[first + n_positive] = start
        starts[first + depth - 1 - step + n_positive] = start
        n_positive += link & 1
    return n_positive, depth


@by_first_type({NoiseTargets: _noise_and_center, PathTargets: _path_to_root})
def fill_targets(
    source: Targets,
    center: int,
    matrices: Matrices,
    copies: Copies,
    starts: NDArray[np.int64],
    first: int,
) -> tuple[Whole, Whole]:
    """Writes where the target rows of a center start in the output matrix, and loads them.

    Args:
        source: where targets come from.
        center: the item at the center.
        matrices: those in training.
        copies: the thread's copies of hot rows.
        starts: int64, written from `first` on, at most source.max_targets.
        first: a place in `starts`.

    Returns:
        The number of targets with label 1, and the number of all targets.
    """
    raise NotImplementedError
