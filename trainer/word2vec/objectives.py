"""The objectives by name (`OBJECTIVES`): each picks targets; the loss is always logistic."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import TrainingConfig
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.targets import (
    AHEAD,
    NoiseTargets,
    PathTargets,
    fill_ring,
)
from trainer.word2vec.noise import noise_table


class NegativeSampling:
    """Tells the item itself from items drawn as noise (Mikolov et al., arXiv 1310.4546)."""

    name: ClassVar = "negative-sampling"
    output: ClassVar[Literal["items"]] = "items"

    def __init__(self, counts: NDArray[np.int64], config: TrainingConfig) -> None:
        self._max_targets = config.negative + 1
        self._alias = noise_table(counts, config.ns_exponent)

    def targets(self, seed: np.uint64) -> NoiseTargets:
        """The item and its noise."""
        # Made here: to hand back an array, compiled code runs Python, where Ctrl-C is lost.
        ring, n_used = np.empty(AHEAD, np.int64), np.zeros(1, np.int64)
        noise = NoiseTargets(self._max_targets, self._alias, ring, n_used, np.full(1, seed))
        fill_ring(noise)
        return noise


class HierarchicalSoftmax:
    """Predicts the path to the item in a Huffman tree of all items (Morin & Bengio 2005)."""

    name: ClassVar = "hierarchical-softmax"
    output: ClassVar[Literal["nodes"]] = "nodes"

    def __init__(self, counts: NDArray[np.int64], _: TrainingConfig) -> None:
        tree = build_tree(counts)
        self._targets = PathTargets(tree.depth, tree.links)

    def targets(self, _: np.uint64) -> PathTargets:
        """The nodes of the path, which need no random numbers."""
        return self._targets


OBJECTIVES: dict[str, type[NegativeSampling | HierarchicalSoftmax]] = {
    kind.name: kind for kind in (NegativeSampling, HierarchicalSoftmax)
}
