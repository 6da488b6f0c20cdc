"""Skip-gram with noise that neighboring centers share.

Skip-gram is turned round: the center is the hidden row, and the items of its context are the
targets with label 1. The pairs are the same, since windows are symmetric. Then a few noise items
can serve all pairs of a block, each with the weight of the noise it stands for, so that the
expected gradient stays, and a block is one small matrix product (noise shared by the contexts of
one center: Ji et al., arXiv 1604.04661).

A noise item that equals an item of the context is not passed over: it has the share of the noise
that the objective gives it (Levy and Goldberg, NIPS 2014, section 3.1).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.blocks import CENTERS, Block, Centers, Workspace
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.logistic import weighted_steps
from trainer.word2vec.kernels.simd import LANES, load, store, zeros
from trainer.word2vec.kernels.targets import NoiseTargets, draw_noise, prefetch_row
from trainer.word2vec.kernels.tiles import score, step_together
from trainer.word2vec.matrices import Matrices

# Positions of the context that are trained at once; a wider one is trained in parts, each with
# noise of its own. The step of a row is the sum over a part: of a wide one it would overshoot.
SHARED_SPAN = 12
# The same in a run of one item.
SPAN_OF_RUNS = 4


class SharedSkipGram(NamedTuple):
    """Every center is a hidden row; the targets are its context and the noise of its block.

    span, span_of_runs: SHARED_SPAN and SPAN_OF_RUNS.
    room: the targets of a block, at most.
    negative: noise items that a pair of a center and an item of its context stands against.
    in_place_of: how many of them one shared noise item stands for, on average: its weight.
    """

    span: int
    span_of_runs: int
    room: int
    negative: int
    in_place_of: float


def most_shared_targets(negative: int, in_place_of: float) -> int:
    """The most targets that a block can share, and room for the zeros behind their weights."""
    noise = math.ceil(negative * SHARED_SPAN / in_place_of)
    return SHARED_SPAN + noise + LANES


@inner_jit
def prepare_shared(
    architecture: SharedSkipGram,
    block: Block,
    centers: Centers,
    source: NoiseTargets,
    matrices: Matrices,
    copies: Copies,
    workspace: Workspace,
) -> None:
    """Fills the targets of a block, its noise last, and the weights of their scores."""
    start = block.side * workspace.room
    for position in range(block.low, block.high):
        row = centers.rows[position] * matrices.width
        workspace.targets[start + position - block.low] = row
        if position >= block.fresh:
            prefetch_row(matrices.output, row, matrices.width)
    pairs, noise = _fill_weights(architecture, block, centers, workspace.weights, start * CENTERS)
    of_noise = start + block.high - block.low
    draw_noise(source, noise, matrices, copies, workspace.targets, of_noise)
    workspace.n_positive[block.side * CENTERS] = pairs
    workspace.n_targets[block.side * CENTERS] = block.high - block.low + noise


@inner_jit
def train_shared(
    _: SharedSkipGram,
    block: Block,
    centers: Centers,
    matrices: Matrices,
    workspace: Workspace,
    alpha: np.float32,
) -> tuple[float, int]:
    """Trains all pairs of a block at once."""
    input_rows, output, width = matrices
    targets, scores, starts = workspace.targets, workspace.scores, workspace.starts
    columns = _columns(block)
    for column in range(columns):
        place = centers.places[min(block.first + column, block.last - 1)]
        starts[column] = centers.rows[place] * width
    first = block.side * workspace.room
    n = workspace.n_targets[block.side * CENTERS]
    end = first + n
    positive = (block.high - block.low) * columns
    score(input_rows, starts, 0, columns, output, targets, first, end, scores, 0, width)
    loss = weighted_steps(scores, workspace.weights, first * CENTERS, positive, n * columns, alpha)
    step_together(input_rows, starts, 0, columns, output, targets, first, end, scores, 0, width)
    return loss, workspace.n_positive[block.side * CENTERS]


@inner_jit
def _columns(block: Block) -> int:
    """The centers of a block; four for three, so that they fill lanes evenly."""
    n = block.last - block.first
    return n if n < 3 else CENTERS


@inner_jit
def _fill_weights(
    architecture: SharedSkipGram,
    block: Block,
    centers: Centers,
    weights: NDArray[np.float32],
    start: int,
) -> tuple[int, int]:
    """Writes the weights of the scores from `start` on.

    A position has weight 1 for the centers whose context it is in. A noise item stands for a part
    of the noise of each item of the context. A column without a center has weight 0.

    Returns:
        The number of pairs of a center and an item of its context, and that of noise items.
    """
    columns = _columns(block)
    of_noise = start + columns * (block.high - block.low)
    pairs = 0
    for lane in range(start, of_noise + columns, LANES):
        store(weights, lane, zeros())
    for center in range(block.first, block.last):
        column = center - block.first
        place = centers.places[center]
        low, high = max(centers.low[center], block.low), min(centers.high[center], block.high)
        for position in range(low, high):
            weights[start + (position - block.low) * columns + column] = np.float32(1.0)
        contexts = max(high - low, 0)
        if low <= place < high:
            weights[start + (place - block.low) * columns + column] = np.float32(0.0)
            contexts -= 1
        weights[of_noise + column] = np.float32(contexts)
        pairs += contexts
    all_noise = architecture.negative * pairs / (block.last - block.first)
    noise = int(np.ceil(all_noise / architecture.in_place_of))
    for lane in range(of_noise + columns, of_noise + LANES):
        weights[lane] = weights[lane - columns]
    of_each = load(weights, of_noise) * np.float32(architecture.negative / max(noise, 1))
    end = of_noise + columns * noise
    for lane in range(of_noise, end, LANES):
        store(weights, lane, of_each)
    store(weights, end, zeros())
    return pairs, noise
