"""Chooses the hidden rows for a center: each context row, or their mean or sum (CBOW)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import by_first_type, fast_jit
from trainer.word2vec.kernels.gradient import gradient
from trainer.word2vec.kernels.simd import LANES, load, store, zeros
from trainer.word2vec.kernels.targets import Targets, fill_targets
from trainer.word2vec.matrices import Matrices

# Context rows that share their targets. A longer context is split into blocks, each with noise of
# its own.
BLOCK = 16


class SkipGram(NamedTuple):
    """Every context item is a hidden row.

    starts: int64 [BLOCK], scratch: where the hidden rows start.
    """

    starts: NDArray[np.int64]


class Cbow(NamedTuple):
    """The context is one hidden row.

    mean: whether it is the mean of the context rows, or their sum.
    starts: int64 [1], zero: where the row to change starts in `hidden`.
    hidden: float32 [2 width], scratch: that row, and a copy of it before the step.
    """

    mean: bool
    starts: NDArray[np.int64]
    hidden: NDArray[np.float32]


Architecture = SkipGram | Cbow


class Scratch(NamedTuple):
    """Memory for the targets of a center and their scores.

    targets: int64 [max_targets].
    scores: float32 [GROUP * max_targets + LANES].
    """

    targets: NDArray[np.int64]
    scores: NDArray[np.float32]


class Center(NamedTuple):
    """A position of a session and what surrounds it.

    items: int64, the session.
    place: the position of the center.
    low, high: the context is at low..high-1, without the center itself.
    """

    items: NDArray[np.int64]
    place: int
    low: int
    high: int


def _train_skip_gram(
    architecture: SkipGram,
    center: Center,
    source: Targets,
    matrices: Matrices,
    scratch: Scratch,
    alpha: np.float32,
) -> tuple[float, int]:
    items, place, low, high = center
    input_rows, output, width = matrices
    targets, scores = scratch
    starts = architecture.starts
    loss = 0.0
    n_hidden = 0
    position = low
    while position < high:
        n_rows = 0
        while position < high and n_rows < BLOCK:
            if position != place:
                starts[n_rows] = items[position] * width
                n_rows += 1
            position += 1
        if n_rows == 0:
            break
        n_positive, n = fill_targets(source, items[place], matrices, targets)
        loss += gradient(
            input_rows, starts, n_rows, output, targets, n_positive, n, alpha, width, scores
        )
        n_hidden += n_rows
    return loss, n_hidden


def _train_cbow(
    architecture: Cbow,
    center: Center,
    source: Targets,
    matrices: Matrices,
    scratch: Scratch,
    alpha: np.float32,
) -> tuple[float, int]:
    items, place, low, high = center
    if high - low < 2:
        return 0.0, 0
    mean, starts, hidden = architecture
    targets, scores = scratch
    _fill_hidden(items, low, high, place, mean, matrices, hidden)
    n_positive, n = fill_targets(source, items[place], matrices, targets)
    loss = gradient(
        hidden, starts, 1, matrices.output, targets, n_positive, n, alpha, matrices.width, scores
    )
    _hand_back(items, low, high, place, mean, matrices, hidden)
    return loss, 1


@fast_jit
def _fill_hidden(
    items: NDArray[np.int64],
    low: int,
    high: int,
    place: int,
    mean: bool,
    matrices: Matrices,
    hidden: NDArray[np.float32],
) -> None:
    """Writes the mean or sum of the context rows twice: row 0 will be changed, row 1 stays."""
    width = matrices.width
    share = np.float32(1.0 / max(high - low - 1, 1) if mean else 1.0)
    for column in range(0, width, LANES):
        row = zeros()
        for position in range(low, high):
            if position != place:
                row = row + load(matrices.input, items[position] * width + column) * share
        store(hidden, column, row)
        store(hidden, width + column, row)


@fast_jit
def _hand_back(
    items: NDArray[np.int64],
    low: int,
    high: int,
    place: int,
    mean: bool,
    matrices: Matrices,
    hidden: NDArray[np.float32],
) -> None:
    """The step of the hidden row to every context row, divided for the sum (as gensim)."""
    width = matrices.width
    share = np.float32(1.0 if mean else 1.0 / (high - low - 1))
    for column in range(0, width, LANES):
        step = (load(hidden, column) - load(hidden, width + column)) * share
        for position in range(low, high):
            if position != place:
                start = items[position] * width + column
                store(matrices.input, start, load(matrices.input, start) + step)


@by_first_type({SkipGram: _train_skip_gram, Cbow: _train_cbow})
def train_center(
    architecture: Architecture,
    center: Center,
    source: Targets,
    matrices: Matrices,
    scratch: Scratch,
    alpha: np.float32,
) -> tuple[float, int]:
    """Trains the pairs of a center and its context.

    Returns:
        The loss summed over all pairs of a hidden and a target row, and the number of hidden rows.
    """
    raise NotImplementedError
