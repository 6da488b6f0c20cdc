"""The loss that people see: that of a fixed batch, comparable between epochs and runs."""

from dataclasses import dataclass
from typing import Self, assert_never

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.matrices import Matrices, rows
from trainer.word2vec.noise import log_noise, noise_probabilities

# The batch does not depend on the settings of a run, so that losses of all runs compare.
CENTERS = 2_000
REACH = 5
NEGATIVES = 10
NS_EXPONENT = 0.75
SEED = 2013
CENTERS_AT_ONCE = 128
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Batch:
    """Positions of a log: a model has to tell the item there from noise, given its context.

    Attributes:
        targets: int64 [centers, 1 + NEGATIVES], the item at the position, then noise items.
        context: int64 [centers, 2 REACH], the items around it, nearest first, padded with
            NOTHING.
    """

    targets: NDArray[np.int64]
    context: NDArray[np.int64]

    @classmethod
    def draw(cls, sessions: Sessions, counts: NDArray[np.int64]) -> Self:
        """Draws centers from sessions of at least two items, and noise items for each center."""
        random = np.random.default_rng(SEED)
        starts, ends = sessions.offsets[:-1], sessions.offsets[1:]
        eligible = np.flatnonzero(ends - starts > 1)
        event_offsets = ragged.offsets_of((ends - starts)[eligible])
        places = random.integers(event_offsets[-1], size=CENTERS if event_offsets[-1] else 0)
        owners = np.searchsorted(event_offsets, places, side="right") - 1
        centers = starts[eligible[owners]] + places - event_offsets[owners]
        distances = np.concatenate([[d, -d] for d in range(1, REACH + 1)])
        positions = centers[:, None] + distances
        inside = positions >= starts[eligible[owners]][:, None]
        inside &= positions < ends[eligible[owners]][:, None]
        context = np.where(inside, sessions.items[np.where(inside, positions, 0)], NOTHING)
        context = np.take_along_axis(context, np.argsort(~inside, axis=1, kind="stable"), axis=1)
        noise = np.cumsum(noise_probabilities(counts, NS_EXPONENT))
        levels = random.random((len(centers), NEGATIVES)) * noise[-1]
        negatives = np.minimum(np.searchsorted(noise, levels, side="right"), len(counts) - 1)
        return cls(np.column_stack([sessions.items[centers], negatives]), context)


class BatchLoss:
    """Scores a batch with the matrices of a run, without training them.

    The score x of an item is the log odds that it is the center, given the context, rather than one
    of NEGATIVES draws from the noise. Both objectives learn it: negative sampling up to its own
    noise (in . out = x + log of the ratio of the two noises, see `next_score`), hierarchical
    softmax as P(center | context) itself. So the loss
    -log sigmoid(x of the center) - sum log sigmoid(-x of a negative) compares runs that differ in
    objective, window, number of negatives or noise. (Where noise is shared, in . out is that of the
    probability, not of the odds: the same where both are small.) A negative that equals the center
    is skipped. Before training the loss is about (1 + NEGATIVES) log 2 = 7.62.

    Args:
        batch: the positions to score.
        counts: int64 [items], occurrences, descending.
        config: the settings of the run.
    """

    def __init__(self, batch: Batch, counts: NDArray[np.int64], config: TrainingConfig) -> None:
        self._targets = batch.targets
        self._size = config.vector_size
        self._context = batch.context if config.architecture == "cbow" else batch.context[:, :1]
        self._mean = config.architecture != "cbow" or config.cbow_mean
        self._noise = np.log(NEGATIVES) + log_noise(counts, NS_EXPONENT)
        self._negatives = batch.targets[:, 1:] != batch.targets[:, :1]
        match config.objective:
            case "negative-sampling":
                own_noise = np.log(config.negative) + log_noise(counts, config.ns_exponent)
                self._shifts = own_noise - self._noise
                self._log_odds = self._item_odds
            case "hierarchical-softmax":
                self._nodes, self._signs = _paths(batch.targets, counts)
                self._log_odds = self._path_odds
            case unknown:
                assert_never(unknown)

    def __call__(self, matrices: Matrices) -> float:
        """The mean loss over the centers of the batch; 0 if no session has two items."""
        losses = [
            self._losses(matrices, slice(first, first + CENTERS_AT_ONCE))
            for first in range(0, len(self._targets), CENTERS_AT_ONCE)
        ]
        return float(np.concatenate(losses).mean()) if losses else 0.0

    def _losses(self, matrices: Matrices, part: slice) -> NDArray[np.float64]:
        output = rows(matrices.output, matrices.width)[:, : self._size]
        odds = self._log_odds(self._hidden(matrices, part), output, part)
        negative_losses = np.logaddexp(0, odds[:, 1:]) * self._negatives[part]
        losses: NDArray[np.float64] = np.logaddexp(0, -odds[:, 0]) + negative_losses.sum(axis=1)
        return losses

    def _hidden(self, matrices: Matrices, part: slice) -> NDArray[np.float32]:
        """float32 [centers, vector_size]: the vector of the nearest item, or for CBOW of all."""
        context = self._context[part]
        is_item = context != NOTHING
        vectors = rows(matrices.input, matrices.width)[context, : self._size] * is_item[:, :, None]
        total: NDArray[np.float32] = vectors.sum(axis=1)
        return total / is_item.sum(axis=1, dtype=np.float32)[:, None] if self._mean else total

    def _item_odds(
        self, hidden: NDArray[np.float32], output: NDArray[np.float32], part: slice
    ) -> NDArray[np.float64]:
        targets = self._targets[part]
        odds: NDArray[np.float64] = _products(hidden, output, targets) + self._shifts[targets]
        return odds

    def _path_odds(
        self, hidden: NDArray[np.float32], output: NDArray[np.float32], part: slice
    ) -> NDArray[np.float64]:
        scores = _products(hidden, output, self._nodes[part]) * self._signs[part]
        on_path = self._signs[part] != 0
        logarithms = -(np.logaddexp(0, -scores) * on_path).sum(axis=2, dtype=np.float64)
        logits = logarithms - np.log(-np.expm1(np.minimum(logarithms, -1e-12)))
        odds: NDArray[np.float64] = logits - self._noise[self._targets[part]]
        return odds


def _products(
    hidden: NDArray[np.float32], output: NDArray[np.float32], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Dot products of each hidden vector with its output rows: float32, shaped as `targets`."""
    vectors = output[targets.reshape(len(hidden), -1)]
    products: NDArray[np.float32] = (vectors @ hidden[:, :, None]).reshape(targets.shape)
    return products


def _paths(
    items: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """The output rows from items to the root, and 1 or -1 for their labels, padded with 0."""
    tree = build_tree(counts)
    root = len(tree.links) - 1
    nodes = np.zeros((*items.shape, tree.depth), np.int64)
    signs = np.zeros(nodes.shape, np.int8)
    node = items.copy()
    for step in range(tree.depth):
        is_below_root = node != root
        parents, labels = np.divmod(tree.links[node], 2)
        nodes[..., step] = np.where(is_below_root, parents - len(counts), 0)
        signs[..., step] = np.where(is_below_root, 2 * labels - 1, 0)
        node = np.where(is_below_root, parents, root)
    return nodes, signs
