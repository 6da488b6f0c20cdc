"""Copies of the hottest rows for each thread, so that threads do not take them from one another.

The root of the Huffman tree is written at every step, a popular item nearly as often. Where two
cores write a row, it travels between their caches each time, and both wait for it longer than they
compute. So each thread trains copies of its own, and moves the rows once in a chunk.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.simd import LANES, load, store
from trainer.word2vec.matrices import Matrices

Whole = int | np.int64


class Copies(NamedTuple):
    """Where a thread has its copies of hot rows: behind the items, in both matrices.

    n_rows: the number of hot rows of each matrix; 0: none is copied.
    first_output: the first hot row of the output matrix; that of the input matrix is 0.
    place: the row of the first copy. Another `n_rows` follow, the copies as they were taken.
    share: the part of its step that a copy hands back, 1 / threads: hot rows are close to their
        balance within a chunk, and as many steps as threads would overshoot it.
    """

    n_rows: int
    first_output: int
    place: int
    share: float


@inner_jit
def copied(row: Whole, first: Whole, copies: Copies) -> Whole:
    """The row that a thread uses for a row: its copy, if the row is hot."""
    offset = row - first
    return copies.place + offset if 0 <= offset < copies.n_rows else row


@inner_jit
def take_copies(matrices: Matrices, copies: Copies) -> None:
    """Copies the hot rows of both matrices, before a thread trains."""
    _take(matrices.input, 0, matrices.width, copies)
    _take(matrices.output, copies.first_output, matrices.width, copies)


@inner_jit
def hand_back_copies(matrices: Matrices, copies: Copies) -> None:
    """Moves the hot rows by the thread's share of what its copies have moved."""
    _hand_back(matrices.input, 0, matrices.width, copies)
    _hand_back(matrices.output, copies.first_output, matrices.width, copies)


@inner_jit
def _take(flat: NDArray[np.float32], first: int, width: int, copies: Copies) -> None:
    place = copies.place * width
    size = copies.n_rows * width
    for column in range(0, size, LANES):
        row = load(flat, first * width + column)
        store(flat, place + column, row)
        store(flat, place + size + column, row)


@inner_jit
def _hand_back(flat: NDArray[np.float32], first: int, width: int, copies: Copies) -> None:
    place = copies.place * width
    size = copies.n_rows * width
    share = np.float32(copies.share)
    for column in range(0, size, LANES):
        moved = load(flat, place + column) - load(flat, place + size + column)
        start = first * width + column
        store(flat, start, load(flat, start) + moved * share)
