"""The tree of hierarchical softmax."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.word2vec.kernels import huffman_tree


@dataclass(frozen=True, eq=False)
class HuffmanTree:
    """A binary tree whose leaves are the items, frequent ones near the root.

    Attributes:
        links: int64 [2 items - 1], 2 * parent + label for each node; the root is the last node.
        depth: the longest path.
    """

    links: NDArray[np.int64]
    depth: int

    def path(self, item: int) -> tuple[list[int], list[int]]:
        """The output rows on the way from an item to the root, and the label at each."""
        n_items = (len(self.links) + 1) // 2
        rows, labels = [], []
        node = item
        while node != len(self.links) - 1:
            parent, label = divmod(int(self.links[node]), 2)
            rows.append(parent - n_items)
            labels.append(label)
            node = parent
        return rows, labels


def build_tree(counts: NDArray[np.int64]) -> HuffmanTree:
    """The Huffman tree of a vocabulary.

    Args:
        counts: int64 [items], descending.
    """
    links, depth = huffman_tree(counts)
    return HuffmanTree(links, int(depth))
