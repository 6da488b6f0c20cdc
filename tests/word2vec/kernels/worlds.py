"""Matrices as kernels have them, and one step of the gradient over small ones."""

import numpy as np

from trainer.word2vec.kernels.gradient import gradient
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.tiles import MOST_ROWS


def padded(matrix):
    width = -(-matrix.shape[1] // LANES) * LANES
    rows = np.zeros((matrix.shape[0], width), np.float32)
    rows[:, : matrix.shape[1]] = matrix
    return rows


def one_step(hidden, output, targets, labels, alpha):
    """The kernel's gradient on all hidden rows; returns the changed matrices and the loss."""
    hidden_rows, output_rows = padded(hidden), padded(output)
    width = hidden_rows.shape[1]
    positive_first = sorted(range(len(targets)), key=lambda t: -labels[t])
    loss = gradient(
        hidden_rows.ravel(),
        np.arange(len(hidden)) * width,
        len(hidden),
        output_rows.ravel(),
        np.array([targets[t] * width for t in positive_first]),
        0,
        sum(labels),
        len(targets),
        np.float32(alpha),
        width,
        np.zeros(MOST_ROWS * len(targets) + LANES, np.float32),
    )
    columns = hidden.shape[1]
    return hidden_rows[:, :columns], output_rows[:, :columns], loss
