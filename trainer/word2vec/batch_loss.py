"""The loss that is shown: of a fixed batch, so that epochs and runs compare."""

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

# What the batch consists of, the same whatever a run is told, so that its loss means the same.
CENTERS = 2_000
REACH = 5
NEGATIVES = 10
NS_EXPONENT = 0.75
SEED = 2013
CENTERS_AT_ONCE = 128
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Batch:
    """Positions of a log to be told from noise by what surrounds them.

    Attributes:
        targets: int64 [centers, 1 + NEGATIVES], the item that is there, then items drawn as noise.
        context: int64 [centers, 2 REACH], the items around it, nearest first; NOTHING behind the
            last.
    """

    targets: NDArray[np.int64]
    context: NDArray[np.int64]

    @classmethod
    def draw(cls, sessions: Sessions, counts: NDArray[np.int64]) -> Self:
        """Draws centers from the sessions of two items or more, and noise for each of them."""
        random = np.random.default_rng(SEED)
        starts, ends = sessions.offsets[:-1], sessions.offsets[1:]
        eligible = np.flatnonzero(ends - starts > 1)
        before = ragged.offsets_of((ends - starts)[eligible])
        places = random.integers(before[-1], size=CENTERS if before[-1] else 0)
        place_of = np.searchsorted(before, places, side="right") - 1
        centers = starts[eligible[place_of]] + places - before[place_of]
        distances = np.concatenate([[d, -d] for d in range(1, REACH + 1)])
        positions = centers[:, None] + distances
        inside = positions >= starts[eligible[place_of]][:, None]
        inside &= positions < ends[eligible[place_of]][:, None]
        context = np.where(inside, sessions.items[np.where(inside, positions, 0)], NOTHING)
        context = np.take_along_axis(context, np.argsort(~inside, axis=1, kind="stable"), axis=1)
        noise = np.cumsum(noise_probabilities(counts, NS_EXPONENT))
        drawn = random.random((len(centers), NEGATIVES)) * noise[-1]
        negatives = np.minimum(np.searchsorted(noise, drawn, side="right"), len(counts) - 1)
        return cls(np.column_stack([sessions.items[centers], negatives]), context)


class BatchLoss:
    """Scores a batch with the matrices of a run, without training them.

    What is asked of a model is how likely an item is to be the center rather than noise, which is
    the log odds x of P(center | context) and of NEGATIVES draws from the noise. Both objectives
    learn it: negative sampling up to its own noise (in . out = x + log of the ratio of the two
    noises, see `next_score`), hierarchical softmax as P itself. So the loss
    -log sigmoid(x of the center) - sum log sigmoid(-x of a negative) is the same for runs with
    another objective, window, number of negatives or noise; a negative that equals the center is
    passed over, as in training. Before training it is about (1 + NEGATIVES) log 2 = 7.62.

    Args:
        batch: what is scored.
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
                own = np.log(config.negative) + log_noise(counts, config.ns_exponent)
                self._shifts = own - self._noise
                self._log_odds = self._of_items
            case "hierarchical-softmax":
                self._nodes, self._signs = _paths(batch.targets, counts)
                self._log_odds = self._of_paths
            case unknown:
                assert_never(unknown)

    def __call__(self, matrices: Matrices) -> float:
        """The mean over the centers of the batch; 0 where no session has two items."""
        losses = [
            self._losses(matrices, slice(first, first + CENTERS_AT_ONCE))
            for first in range(0, len(self._targets), CENTERS_AT_ONCE)
        ]
        return float(np.concatenate(losses).mean()) if losses else 0.0

    def _losses(self, matrices: Matrices, part: slice) -> NDArray[np.float64]:
        output = rows(matrices.output, matrices.width)[:, : self._size]
        odds = self._log_odds(self._hidden(matrices, part), output, part)
        of_negatives = np.logaddexp(0, odds[:, 1:]) * self._negatives[part]
        losses: NDArray[np.float64] = np.logaddexp(0, -odds[:, 0]) + of_negatives.sum(axis=1)
        return losses

    def _hidden(self, matrices: Matrices, part: slice) -> NDArray[np.float32]:
        """float32 [centers, vector_size]: the nearest context item, or for CBOW all of them."""
        context = self._context[part]
        held = context != NOTHING
        vectors = rows(matrices.input, matrices.width)[context, : self._size] * held[:, :, None]
        total: NDArray[np.float32] = vectors.sum(axis=1)
        return total / held.sum(axis=1, dtype=np.float32)[:, None] if self._mean else total

    def _of_items(
        self, hidden: NDArray[np.float32], output: NDArray[np.float32], part: slice
    ) -> NDArray[np.float64]:
        targets = self._targets[part]
        odds: NDArray[np.float64] = _products(hidden, output, targets) + self._shifts[targets]
        return odds

    def _of_paths(
        self, hidden: NDArray[np.float32], output: NDArray[np.float32], part: slice
    ) -> NDArray[np.float64]:
        scores = _products(hidden, output, self._nodes[part]) * self._signs[part]
        on_path = self._signs[part] != 0
        logarithms = -(np.logaddexp(0, -scores) * on_path).sum(axis=2, dtype=np.float64)
        logits = logarithms - np.log(-np.expm1(np.minimum(logarithms, -1e-12)))
        odds: NDArray[np.float64] = logits - self._noise[self._targets[part]]
        return odds


def _products(
    hidden: NDArray[np.float32], output: NDArray[np.float32], of_output: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Those of each hidden vector with its own rows of the output: float32, shaped as the rows."""
    vectors = output[of_output.reshape(len(hidden), -1)]
    products: NDArray[np.float32] = (vectors @ hidden[:, :, None]).reshape(of_output.shape)
    return products


def _paths(
    items: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """The output rows on the way from items to the root, and 1 or -1 by their labels, 0 behind."""
    tree = build_tree(counts)
    root = len(tree.links) - 1
    nodes = np.zeros((*items.shape, tree.depth), np.int64)
    signs = np.zeros(nodes.shape, np.int8)
    at = items.copy()
    for step in range(tree.depth):
        below = at != root
        parents, labels = np.divmod(tree.links[at], 2)
        nodes[..., step] = np.where(below, parents - len(counts), 0)
        signs[..., step] = np.where(below, 2 * labels - 1, 0)
        at = np.where(below, parents, root)
    return nodes, signs
