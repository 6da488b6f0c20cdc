"""Builds the Huffman tree of hierarchical softmax."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit


@dataclass(frozen=True, eq=False)
class HuffmanTree:
    """A binary tree with the items as leaves, frequent ones near the root.

    Attributes:
        links: int64 [2 items - 1], 2 * parent + label for each node; the root is the last node.
        depths: uint8 [items], the lengths of the paths; int64 counts allow less than 100.
    """

    links: NDArray[np.int64]
    depths: NDArray[np.uint8]

    @property
    def depth(self) -> int:
        """The length of the longest path."""
        return int(self.depths.max())

    def path(self, item: int) -> tuple[list[int], list[int]]:
        """The output rows on the path from an item to the root, and the label at each."""
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
    """Builds the Huffman tree of a vocabulary.

    Args:
        counts: int64 [items], descending.
    """
    return HuffmanTree(*huffman_tree(counts))


@fast_jit
def huffman_tree(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Builds the Huffman tree of the items, in linear time because the counts are sorted.

    Args:
        counts: int64 [items], descending, at least two.

    Returns:
        int64 [2 items - 1], 2 * parent + label for each node, and uint8 [items], the lengths of the
        paths to the root. The items are the first nodes, the root is the last, and nodes are in the
        order of their counts; the label is 1 for the rarer child of a node.
    """
    n = counts.size
    tree = np.zeros(2 * n - 1, np.int64)
    weight = np.empty(2 * n - 1, np.int64)
    weight[:n] = counts
    leaf = n - 1
    inner = n
    for parent in range(n, 2 * n - 1):
        total_weight = np.int64(0)
        for label in range(1, -1, -1):
            if inner == parent or (leaf >= 0 and weight[leaf] <= weight[inner]):
                child = leaf
                leaf -= 1
            else:
                child = inner
                inner += 1
            tree[child] = 2 * parent + label
            total_weight += weight[child]
        weight[parent] = total_weight
    depth = np.zeros(2 * n - 1, np.int64)
    for node in range(2 * n - 3, -1, -1):
        depth[node] = depth[tree[node] >> 1] + 1
    return tree, depth[:n].astype(np.uint8)
