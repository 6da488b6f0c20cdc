"""Ranks what comes next by the two matrices of word2vec alone.

Skip-gram with negative sampling trains on pairs of an item a and an item b near it. After
subsampling there are n_ab such pairs, and n_a pairs of a with any item. Each pair is a positive
example of x = in_a · out_b, and it brings k negative examples drawn from Pn; a negative that
equals b is skipped. So (a, b) is a positive example n_ab times and a negative one
k Pn(b) (n_a - n_ab) times. The loss is lowest where x is the log odds of the two (Levy & Goldberg
2014, who skip none and have n_a instead of n_a - n_ab). With P'(b | a) = n_ab / n_a:

    x = logit P'(b | a) - log k - log Pn(b)

Pn(b) is proportional to count_b ** ns_exponent. Subsampling keeps an event of b with probability
keep_b, so that P'(b | a) is proportional to P(b | a) keep_b (exactly for sessions of two; in longer
ones, items move closer together where others are dropped). Where no P' is close to 1, its logit is
about its logarithm, and up to a term that is the same for every b

    log P(b | a) = in_a · out_b + ns_exponent log count_b - log keep_b

With hierarchical softmax, x is the sum of log sigmoid(± in_a · out_node) along the Huffman path of
b, which is log P'(b | a) itself, and log P(b | a) = x - log keep_b.

For several items, in_a is replaced by their weighted mean: a product of experts.
"""

from typing import assert_never

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model.queries import decayed
from trainer.config.sections import TrainingConfig
from trainer.evaluation.baselines.sparse import query_matrix
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases
from trainer.word2vec.huffman import HuffmanTree, build_tree
from trainer.word2vec.training import keep_probability

SCORES_PER_BLOCK = 1 << 23


def item_biases(counts: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.float32]:
    """The term added to each item's score, the same for every query.

    Args:
        counts: int64 [items], occurrences in training.
        config: the settings the vectors were trained with.

    Returns:
        float32 [items]: ns_exponent log count - log keep; with hierarchical softmax, - log keep.
    """
    biases = -np.log(keep_probability(counts, config.sample))
    if config.objective == "negative-sampling":
        biases += config.ns_exponent * np.log(counts)
    return biases.astype(np.float32)


def path_log_probabilities(
    tastes: NDArray[np.float32], output: NDArray[np.float32], tree: HuffmanTree
) -> NDArray[np.float32]:
    """The log probability of every item under hierarchical softmax: the sum along its path.

    Args:
        tastes: float32 [tastes, vector_size].
        output: float32 [items, vector_size], vectors of the inner nodes; the last row is unused.
        tree: the Huffman tree of these items.

    Returns:
        float32 [tastes, items]; exp of a row sums to 1.
    """
    items = len(output)
    scores = output @ tastes.T
    label_one = -np.logaddexp(np.float32(0), -scores)
    label_zero = label_one - scores
    sums = np.zeros((2 * items - 1, len(tastes)), np.float32)
    for nodes in _levels(tree):
        parents, labels = np.divmod(tree.links[nodes], 2)
        rows = parents - items
        step = np.where(labels[:, None] == 1, label_one[rows], label_zero[rows])
        sums[nodes] = sums[parents] + step
    return sums[:items].T


def _levels(tree: HuffmanTree) -> list[NDArray[np.int64]]:
    """The nodes at each distance from the root, nearest first, without the root itself."""
    nodes = len(tree.links)
    depths = np.zeros(nodes, np.int64)
    parents = tree.links >> 1
    for node in range(nodes - 2, -1, -1):  # parents come after their children
        depths[node] = depths[parents[node]] + 1
    order = np.argsort(depths, kind="stable")
    borders = np.cumsum(np.bincount(depths))
    return np.split(order, borders[:-1])[1:]


class VectorScores:
    """Ranks the catalogue by log P(b | a), estimated from the vectors.

    Args:
        input_vectors: float32 [items, vector_size].
        output_vectors: float32 [items, vector_size], of items or of inner nodes.
        counts: int64 [items], occurrences in training, descending.
        config: the settings the vectors were trained with.
        decay: the share of its weight an item of a prefix keeps per step back.
    """

    def __init__(
        self,
        input_vectors: NDArray[np.float32],
        output_vectors: NDArray[np.float32],
        counts: NDArray[np.int64],
        config: TrainingConfig,
        decay: float,
    ) -> None:
        self.input = input_vectors
        self.output = output_vectors
        self.biases = item_biases(counts, config)
        self.decay = decay
        self.tree: HuffmanTree | None = None
        match config.objective:
            case "hierarchical-softmax":
                self.tree = build_tree(counts)
            case "negative-sampling":
                # An extra column adds the bias to the product: [taste, 1] · [out_b, bias_b].
                self.index = faiss.IndexFlatIP(output_vectors.shape[1] + 1)
                self.index.add(np.column_stack([output_vectors, self.biases]))
            case unknown:
                assert_never(unknown)

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the best scores; a prefix without a known item gets none."""
        prefixes = cases.prefixes()
        weights = decayed(prefixes.offsets, self.decay)
        queries = query_matrix(prefixes, weights, len(self.input))
        answerable = np.flatnonzero(np.diff(queries.indptr))
        total = queries[answerable].sum(axis=1)
        tastes = (queries[answerable] @ self.input) / total[:, None]
        n = min(k, len(self.input))
        items = np.full((len(cases), k), NOTHING, np.int32)
        scores = np.full((len(cases), k), -np.inf, np.float32)
        step = max(1, SCORES_PER_BLOCK // len(self.input))
        for first in range(0, len(answerable), step):
            block = answerable[first : first + step]
            scores[block, :n], items[block, :n] = self._best(tastes[first : first + step], n)
        return Ranked(items, scores)

    def _best(
        self, tastes: NDArray[np.float32], n: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self.tree is None:
            nearest: tuple[NDArray[np.float32], NDArray[np.int64]] = self.index.search(
                np.column_stack([tastes, np.ones(len(tastes), np.float32)]), n
            )
            return nearest
        scores = path_log_probabilities(tastes, self.output, self.tree) + self.biases
        best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
        values = np.take_along_axis(scores, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        return np.take_along_axis(values, order, axis=1), np.take_along_axis(best, order, axis=1)
