"""Hierarchical softmax over a tree that is kept from night to night; an experiment.

A Huffman tree of slightly other counts is quite another tree: one new item among the rare ones
pairs all leaves after it anew. Here the tree of the first night stays: a new item shares the place
of the rarest known one, and the sibling of an item that is gone takes the place of both.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import TrainingConfig
from trainer.corpus import Vocabulary
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.targets import PathTargets
from trainer.word2vec.objectives import OBJECTIVES, HierarchicalSoftmax

Node = str | int  # an item by its id, an inner node by a number of its own


class KeptTree:
    """A tree that changes only where items come and go.

    Args:
        vocabulary: the items of the first night, whose Huffman tree it is.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        links = build_tree(vocabulary.counts).links.tolist()
        names: list[Node] = [*vocabulary.item_ids, *range(len(vocabulary) - 1)]
        self._parents = {
            names[node]: (names[link >> 1], link & 1) for node, link in enumerate(links[:-1])
        }
        self._root, self._next = names[-1], len(vocabulary)

    def follow(self, vocabulary: Vocabulary) -> None:
        """Takes in new items and drops those that are gone."""
        item_ids = vocabulary.item_ids
        rarest = next(item_id for item_id in reversed(item_ids) if item_id in self._parents)
        for item_id in item_ids:
            if item_id not in self._parents:
                self._parents[self._next] = self._parents[rarest]
                self._parents[rarest] = self._next, 0
                self._parents[item_id] = self._next, 1
                self._next += 1
        for gone in {node for node in self._parents if isinstance(node, str)}.difference(item_ids):
            parent, _ = self._parents.pop(gone)
            sibling = next(node for node, (above, _) in self._parents.items() if above == parent)
            if parent == self._root:
                self._root = sibling
                del self._parents[sibling]
            else:
                self._parents[sibling] = self._parents.pop(parent)

    def targets(self, item_ids: Sequence[str]) -> PathTargets:
        """The paths of a vocabulary whose items it has followed."""
        inner = [node for node in self._parents if isinstance(node, int)]
        numbers = {node: number for number, node in enumerate([*item_ids, *inner, self._root])}
        links: NDArray[np.uint32] = np.zeros(len(numbers), np.uint32)
        for node, (parent, label) in self._parents.items():
            links[numbers[node]] = 2 * numbers[parent] + label
        depths = np.array([self._depth(item_id) for item_id in item_ids], np.uint8)
        return PathTargets(int(depths.max()), links, depths)

    def _depth(self, node: Node) -> int:
        depth = 0
        while node != self._root:
            node, _ = self._parents[node]
            depth += 1
        return depth


@contextmanager
def training_on(tree: KeptTree, vocabulary: Vocabulary) -> Iterator[None]:
    """Within the block, models of this vocabulary are trained on the tree."""
    tree.follow(vocabulary)
    targets = tree.targets(vocabulary.item_ids)

    class Kept(HierarchicalSoftmax):
        """The objective over the kept tree."""

        def __init__(self, _counts: NDArray[np.int64], _: TrainingConfig) -> None:
            self._targets = targets

    OBJECTIVES[HierarchicalSoftmax.name] = Kept
    try:
        yield
    finally:
        OBJECTIVES[HierarchicalSoftmax.name] = HierarchicalSoftmax
