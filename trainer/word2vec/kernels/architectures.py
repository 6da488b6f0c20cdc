"""The architectures: what a block is trained on. Compiled code chooses by type, at no cost."""

import numpy as np

from trainer.compiler import by_first_type
from trainer.word2vec.kernels.blocks import Block, Centers, Workspace
from trainer.word2vec.kernels.cbow import Cbow, prepare_cbow, train_cbow
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.shared_skip_gram import (
    SharedSkipGram,
    prepare_shared,
    train_shared,
)
from trainer.word2vec.kernels.skip_gram import SkipGram, prepare_skip_gram, train_skip_gram
from trainer.word2vec.kernels.targets import Targets
from trainer.word2vec.matrices import Matrices

Architecture = SkipGram | SharedSkipGram | Cbow


@by_first_type({SkipGram: prepare_skip_gram, SharedSkipGram: prepare_shared, Cbow: prepare_cbow})
def prepare(
    architecture: Architecture,
    block: Block,
    centers: Centers,
    source: Targets,
    matrices: Matrices,
    copies: Copies,
    workspace: Workspace,
) -> None:
    """Chooses the targets of a block, and loads their rows, one block ahead of their use."""
    raise NotImplementedError


@by_first_type({SkipGram: train_skip_gram, SharedSkipGram: train_shared, Cbow: train_cbow})
def train_block(
    architecture: Architecture,
    block: Block,
    centers: Centers,
    matrices: Matrices,
    workspace: Workspace,
    alpha: np.float32,
) -> tuple[float, int]:
    """Trains the pairs of a block that is prepared.

    Returns:
        The loss summed over all pairs of a hidden and a target row, and the number of pairs of a
        hidden row and a center.
    """
    raise NotImplementedError
