"""word2vec as its papers describe it, one pair after another: a baseline for the fast kernels.

Nothing is shared and nothing is done in blocks: every hidden row draws its own noise, and each
target is scored and stepped before the next is scored. Compiled, with scalar loops.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.noise import noise_probabilities
from trainer.word2vec.training import keep_probability


class Corpus(NamedTuple):
    """Sessions, and the chance that an occurrence of an item is kept.

    items: int32 [events]; offsets: int64 [sessions + 1]; keep: float64 [items].
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    keep: NDArray[np.float64]


class Setting(NamedTuple):
    """The hyper-parameters; names as in `TrainingConfig`."""

    cbow: bool
    mean: bool
    window: int
    shrink: bool
    alpha: float
    min_alpha: float
    epochs: int


class Targets(NamedTuple):
    """The targets that a center is scored against.

    negative: the number of noise items; 0 for hierarchical softmax.
    noise: float64 [items], cumulated probabilities of the noise.
    starts, rows, labels: the Huffman path of item i is rows[starts[i]:starts[i + 1]], with labels.
    limit: pairs with a score beyond are skipped; gensim skips those beyond 6.
    """

    negative: int
    noise: NDArray[np.float64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    limit: float


class Model(NamedTuple):
    """Both matrices, float32 [items, vector_size]; a hidden row and its step, [vector_size]."""

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    hidden: NDArray[np.float32]
    step: NDArray[np.float32]


def train_plain(
    sessions: Sessions,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    limit: float = np.inf,
) -> NDArray[np.float32]:
    """Trains input vectors, float32 [items, vector_size], with the settings of the trainer.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items.
        config: every hyper-parameter; `window` must be a number, `workers` is ignored.
        limit: pairs with a score beyond are skipped.
    """
    random = np.random.default_rng(config.seed)
    shape = len(vocabulary), config.vector_size
    start = ((random.random(shape) - 0.5) / config.vector_size).astype(np.float32)
    scratch = np.zeros((2, config.vector_size), np.float32)
    model = Model(start, np.zeros(shape, np.float32), scratch[0], scratch[1])
    keep = keep_probability(vocabulary.counts, config.sample)
    _train(
        Corpus(sessions.items, sessions.offsets, keep),
        Setting(
            cbow=config.architecture == "cbow",
            mean=config.cbow_mean,
            window=int(config.window),
            shrink=config.shrink_windows,
            alpha=config.alpha,
            min_alpha=config.min_alpha,
            epochs=config.epochs,
        ),
        _targets(vocabulary.counts, config, limit),
        model,
        random,
    )
    return model.input


def _targets(counts: NDArray[np.int64], config: TrainingConfig, limit: float) -> Targets:
    noise = np.cumsum(noise_probabilities(counts, config.ns_exponent))
    if config.objective == "negative-sampling":
        unused = np.zeros(1, np.int64)
        return Targets(config.negative, noise, unused, unused, unused, limit)
    tree = build_tree(counts)
    paths = [tree.path(item) for item in range(len(counts))]
    starts = np.cumsum([0, *(len(rows) for rows, _ in paths)])
    rows = np.concatenate([rows for rows, _ in paths])
    labels = np.concatenate([labels for _, labels in paths])
    return Targets(0, noise, starts, rows, labels, limit)


def _compile(function: Callable[..., Any]) -> Any:
    return numba.njit(cache=True, fastmath={"reassoc", "contract"})(function)


@_compile
def _step_target(model, row, label, alpha, limit):
    """Trains one pair: steps the target now, and adds up the step of the hidden row."""
    score = np.float32(0.0)
    for column in range(model.hidden.size):
        score += model.hidden[column] * model.output[row, column]
    if abs(score) >= limit:
        return
    error = np.float32(alpha * (label - 1.0 / (1.0 + np.exp(-score))))
    for column in range(model.hidden.size):
        target = model.output[row, column]
        model.step[column] += error * target
        model.output[row, column] = target + error * model.hidden[column]


@_compile
def _step_targets(model, center, targets, alpha, random):
    """Trains pairs with the center and its noise, or with the nodes of its path."""
    if targets.negative == 0:
        for place in range(targets.starts[center], targets.starts[center + 1]):
            _step_target(model, targets.rows[place], targets.labels[place], alpha, targets.limit)
        return
    _step_target(model, center, 1, alpha, targets.limit)
    for _ in range(targets.negative):
        item = np.searchsorted(targets.noise, random.random() * targets.noise[-1], "right")
        if item != center:
            _step_target(model, item, 0, alpha, targets.limit)


@_compile
def _fill_hidden(model, contexts, mean):
    """Computes the hidden row: the mean or sum of the contexts."""
    share = np.float32(1.0 / len(contexts) if mean else 1.0)
    model.hidden[:] = 0.0
    for item in contexts:
        for column in range(model.hidden.size):
            model.hidden[column] += model.input[item, column] * share


@_compile
def _hand_back(model, contexts, mean):
    """Adds the step of the hidden row to each context, divided among them for a sum."""
    share = np.float32(1.0 if mean else 1.0 / len(contexts))
    for item in contexts:
        for column in range(model.hidden.size):
            model.input[item, column] += model.step[column] * share
    model.step[:] = 0.0


@_compile
def _train_session(kept, setting, targets, model, alpha, random):
    contexts = np.empty(2 * setting.window, np.int64)
    for center in range(len(kept)):
        reach = random.integers(1, setting.window + 1) if setting.shrink else setting.window
        n = 0
        for position in range(max(0, center - reach), min(len(kept), center + reach + 1)):
            if position != center:
                contexts[n] = kept[position]
                n += 1
        size = max(n, 1) if setting.cbow else 1
        for first in range(0, n, size):
            block = contexts[first : first + size]
            _fill_hidden(model, block, setting.mean)
            _step_targets(model, kept[center], targets, alpha, random)
            _hand_back(model, block, setting.mean)


@_compile
def _train(corpus, setting, targets, model, random):
    total = corpus.items.size * setting.epochs
    kept = np.empty(corpus.items.size, np.int64)
    for epoch in range(setting.epochs):
        for session in range(corpus.offsets.size - 1):
            start, end = corpus.offsets[session], corpus.offsets[session + 1]
            n = 0
            for item in corpus.items[start:end]:
                if random.random() < corpus.keep[item]:
                    kept[n] = item
                    n += 1
            done = (epoch * corpus.items.size + start) / total
            alpha = setting.alpha - (setting.alpha - setting.min_alpha) * done
            _train_session(kept[:n], setting, targets, model, alpha, random)
