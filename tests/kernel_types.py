"""Calls of kernels that mypy must refuse: `make lint` fails once it sees one of them no more."""

import numpy as np

from trainer.continuations.kernels import index_positions
from trainer.word2vec.huffman import huffman_tree
from trainer.word2vec.kernels.randomness import below
from trainer.word2vec.kernels.walk import train_sessions


def wrong_calls() -> None:
    """Each is wrong in one or two ways; an ignored error that is none is an error."""
    train_sessions("wrong", 1, nonsense=2)  # type: ignore[arg-type, call-arg]
    index_positions("wrong", np.zeros(1, np.int64), None)  # type: ignore[arg-type]
    huffman_tree()  # type: ignore[call-arg]
    _bound: str = below(np.uint64(1), 2)  # type: ignore[assignment]
