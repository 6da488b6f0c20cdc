"""Skip-gram: every item of the context is a hidden row, scored against the center's targets."""

from typing import NamedTuple

import numpy as np

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.blocks import CENTERS, Block, Centers, Workspace
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.gradient import gradient
from trainer.word2vec.kernels.targets import Targets, fill_targets
from trainer.word2vec.matrices import Matrices


class SkipGram(NamedTuple):
    """Each center has targets of its own.

    span: positions of the context that are trained at once.
    span_of_runs: 0.
    room: the targets of a block, at most.
    """

    span: int
    span_of_runs: int
    room: int


@inner_jit
def prepare_skip_gram(
    _: SkipGram,
    block: Block,
    centers: Centers,
    source: Targets,
    matrices: Matrices,
    copies: Copies,
    workspace: Workspace,
) -> None:
    """Fills the targets of each center of a block."""
    for center in range(block.first, block.last):
        own = block.side * CENTERS + center - block.first
        item = int(centers.items[centers.places[center]])
        first = own * workspace.room // CENTERS
        n_positive, n = fill_targets(source, item, matrices, copies, workspace.targets, first)
        workspace.n_positive[own], workspace.n_targets[own] = n_positive, n


@inner_jit
def train_skip_gram(
    _: SkipGram,
    block: Block,
    centers: Centers,
    matrices: Matrices,
    workspace: Workspace,
    alpha: np.float32,
) -> tuple[float, int]:
    """Trains the contexts of one center after another."""
    loss = 0.0
    pairs = 0
    for center in range(block.first, block.last):
        n_rows = 0
        low, high = max(centers.low[center], block.low), min(centers.high[center], block.high)
        for position in range(low, high):
            if position != centers.places[center]:
                workspace.starts[n_rows] = centers.rows[position] * matrices.width
                n_rows += 1
        own = block.side * CENTERS + center - block.first
        loss += gradient(
            matrices.input,
            workspace.starts,
            n_rows,
            matrices.output,
            workspace.targets,
            own * workspace.room // CENTERS,
            workspace.n_positive[own],
            workspace.n_targets[own],
            alpha,
            matrices.width,
            workspace.scores,
        )
        pairs += n_rows
    return loss, pairs
