"""The objectives by name (`OBJECTIVES`): each picks targets; the loss is always logistic."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import TrainingConfig
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.targets import NoiseTargets, PathTargets
from trainer.word2vec.noise import noise_table


class NegativeSampling:
    """Tells the item itself from items drawn as noise (Mikolov et al., arXiv 1310.4546)."""

    name: ClassVar = "negative-sampling"
    output: ClassVar[Literal["items"]] = "items"

    def __init__(self, counts: NDArray[np.int64], config: TrainingConfig) -> None:
        self.max_targets = config.negative + 1
        self._alias = noise_table(counts, config.ns_exponent)

    def targets(self, seed: np.uint64) -> NoiseTargets:
        """The item and its noise."""
        return NoiseTargets(self.max_targets, self._alias, np.full(1, seed))

    def first_hot_row(self, _: int) -> int:
        """The first of the output rows that are written most, those of frequent items."""
        return 0


class HierarchicalSoftmax:
    """Predicts the path to the item in a Huffman tree of all items (Morin & Bengio 2005)."""

    name: ClassVar = "hierarchical-softmax"
    output: ClassVar[Literal["nodes"]] = "nodes"

    def __init__(self, counts: NDArray[np.int64], _: TrainingConfig) -> None:
        tree = build_tree(counts)
        self._targets = PathTargets(tree.depth, tree.links.astype(np.uint32), tree.depths)

    @property
    def max_targets(self) -> int:
        """The largest number of targets of an item."""
        return self._targets.max_targets

    def targets(self, _: np.uint64) -> PathTargets:
        """The nodes of the path, which need no random numbers."""
        return self._targets

    def first_hot_row(self, n_rows: int) -> int:
        """The first of the n output rows that are written most, those of the last nodes."""
        return self._targets.depths.size - 1 - n_rows


OBJECTIVES: dict[str, type[NegativeSampling | HierarchicalSoftmax]] = {
    kind.name: kind for kind in (NegativeSampling, HierarchicalSoftmax)
}
