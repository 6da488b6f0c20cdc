"""CBOW: the mean or sum of the context is one hidden row, scored against the center's targets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.blocks import CENTERS, Block, Centers, Workspace
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.logistic import scores_to_steps
from trainer.word2vec.kernels.simd import LANES, load, store, zeros
from trainer.word2vec.kernels.targets import Targets, fill_targets
from trainer.word2vec.kernels.tiles import score, step
from trainer.word2vec.matrices import Matrices


class Cbow(NamedTuple):
    """Each center has one hidden row and targets of its own.

    span: positions of the context that are trained at once: any number.
    span_of_runs: 0.
    room: the targets of a block, at most.
    mean: whether the hidden row is the mean of the context rows, or their sum.
    """

    span: int
    span_of_runs: int
    room: int
    mean: bool


@inner_jit
def prepare_cbow(
    _: Cbow,
    block: Block,
    centers: Centers,
    source: Targets,
    matrices: Matrices,
    copies: Copies,
    workspace: Workspace,
) -> None:
    """Fills the targets of each center of a block; one without a context has none."""
    for center in range(block.first, block.last):
        own = block.side * CENTERS + center - block.first
        workspace.n_positive[own], workspace.n_targets[own] = 0, 0
        if centers.high[center] - centers.low[center] > 1:
            item = int(centers.items[centers.places[center]])
            first = own * workspace.room // CENTERS
            n_positive, n = fill_targets(source, item, matrices, copies, workspace.targets, first)
            workspace.n_positive[own], workspace.n_targets[own] = n_positive, n


@inner_jit
def train_cbow(
    architecture: Cbow,
    block: Block,
    centers: Centers,
    matrices: Matrices,
    workspace: Workspace,
    alpha: np.float32,
) -> tuple[float, int]:
    """Scores all centers of a block, then steps one after another: their waiting overlaps.

    Center c has the hidden rows 2 c and 2 c + 1, and the c-th part of all targets and scores.
    """
    input_rows, output, width = matrices
    room, targets, n_positive, n_targets, _, scores, starts, hidden = workspace
    mean, side = architecture.mean, block.side
    n_centers = block.last - block.first
    n_hidden = 0
    for c in range(n_centers):
        n = n_targets[side * CENTERS + c]
        if n:
            first = (side * CENTERS + c) * room // CENTERS
            starts[c] = 2 * c * width
            _fill_hidden(mean, block.first + c, centers, input_rows, width, hidden, starts[c])
            place = c * room // CENTERS
            score(hidden, starts, c, 1, output, targets, first, first + n, scores, place, width)
            n_hidden += 1
    loss = 0.0
    for c in range(n_centers):
        own = side * CENTERS + c
        loss += scores_to_steps(scores, c * room // CENTERS, n_positive[own], n_targets[own], alpha)
    for c in range(n_centers):
        n = n_targets[side * CENTERS + c]
        if n:
            first = (side * CENTERS + c) * room // CENTERS
            place = c * room // CENTERS
            step(hidden, starts, c, 1, output, targets, first, first + n, scores, place, width)
            _hand_back(mean, block.first + c, centers, input_rows, width, hidden, starts[c])
    return loss, n_hidden


@inner_jit
def _fill_hidden(
    mean: bool,
    center: int,
    centers: Centers,
    input_rows: NDArray[np.float32],
    width: int,
    hidden: NDArray[np.float32],
    start: int,
) -> None:
    """Writes the mean or sum of a context to two rows: the first will be changed, the other not."""
    low, high, place = centers.low[center], centers.high[center], centers.places[center]
    share = np.float32(1.0 / (high - low - 1) if mean else 1.0)
    for column in range(0, width, LANES):
        total = zeros()
        for position in range(low, high):
            if position != place:
                total = total + load(input_rows, centers.rows[position] * width + column)
        store(hidden, start + column, total * share)
        store(hidden, start + width + column, total * share)


@inner_jit
def _hand_back(
    mean: bool,
    center: int,
    centers: Centers,
    input_rows: NDArray[np.float32],
    width: int,
    hidden: NDArray[np.float32],
    start: int,
) -> None:
    """The step of a hidden row to every row of its context, divided for the sum (as gensim)."""
    low, high, place = centers.low[center], centers.high[center], centers.places[center]
    share = np.float32(1.0 if mean else 1.0 / (high - low - 1))
    for column in range(0, width, LANES):
        before = load(hidden, start + width + column)
        moved = (load(hidden, start + column) - before) * share
        for position in range(low, high):
            if position != place:
                row = centers.rows[position] * width + column
                store(input_rows, row, load(input_rows, row) + moved)
