"""Epochs, threads, learning rate and progress, around the kernels."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.errors import Item2VecError
from trainer import kernels
from trainer.config import TrainingConfig
from trainer.huffman import build_tree
from trainer.noise import noise_table
from trainer.sessions import Sessions
from trainer.simd import LANES
from trainer.vocabulary import Vocabulary

# Items in a chunk of whole sessions: a call of the kernel costs 5 microseconds, a chunk some 10 ms.
CHUNK_ITEMS = 10_000
ALWAYS = 2**32 - 1

T = TypeVar("T")
R = TypeVar("R")


class DivergenceError(Item2VecError):
    """The vectors left the numbers."""


@dataclass(frozen=True)
class Snapshot:
    """Where a training run stands.

    Attributes:
        epoch: the epoch, from 1.
        epochs: how many there will be.
        items_done: items walked over so far, in all epochs.
        items_total: items to walk over, in all epochs.
        pairs_done: pairs of a hidden row and a center trained so far.
        loss: mean loss of a pair in this epoch so far.
        alpha: learning rate.
        seconds: time since the first chunk was ready.
    """

    epoch: int
    epochs: int
    items_done: int
    items_total: int
    pairs_done: int
    loss: float
    alpha: float
    seconds: float


@dataclass(frozen=True, eq=False)
class TrainedVectors:
    """The result of a training run.

    Attributes:
        input: float32 [items, vector_size].
        output: float32 [items, vector_size]; with hierarchical softmax the rows are the inner
            nodes of the tree, and the last row is unused.
        epoch_losses: mean loss of a pair, per epoch.
        last: where the run stood at its end.
    """

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    epoch_losses: list[float]
    last: Snapshot


Report = Callable[[Snapshot], None]


def train(
    sessions: Sessions,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    report: Report = lambda _: None,
) -> TrainedVectors:
    """Trains input and output vectors on sessions.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items, most frequent first.
        config: every hyper-parameter.
        report: told where the run stands after every chunk.

    Raises:
        DivergenceError: the loss became infinite or no number.
    """
    run = _Run(sessions, vocabulary, config, report)
    for epoch in range(config.epochs):
        run.train_epoch(epoch)
    size = config.vector_size
    return TrainedVectors(
        input=run.matrix(run.matrices.input)[:, :size].copy(),
        output=run.matrix(run.matrices.output)[:, :size].copy(),
        epoch_losses=run.epoch_losses,
        last=run.last,
    )


class _Run:
    """One training run: what stays the same over its epochs, and how far it has come."""

    def __init__(
        self, sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig, report: Report
    ) -> None:
        self.config = config
        self.report = report
        self.corpus = kernels.Corpus(sessions.items, sessions.offsets)
        self.chunks = split_chunks(sessions.offsets, CHUNK_ITEMS)
        self.context = _context(vocabulary.counts, config)
        self.objective = _objective(vocabulary.counts, config)
        self.matrices = _new_matrices(len(vocabulary), config)
        self.epoch_losses: list[float] = []
        self.pairs = 0
        self.items_per_epoch = len(sessions.items)
        self._train_chunk(0, 0, 0)  # compiles the kernel, or reads it from the cache
        self.started = time.perf_counter()
        self.last = Snapshot(
            0, config.epochs, 0, self.items_per_epoch * config.epochs, 0, 0.0, config.alpha, 0.0
        )

    def matrix(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        return flat.reshape(-1, self.matrices.width)

    def train_epoch(self, epoch: int) -> None:
        loss, pairs = 0.0, 0
        chunks = list(zip(self.chunks, self.chunks[1:], strict=False))
        results = _map(lambda chunk: self._train_chunk(epoch, *chunk), chunks, self.config.workers)
        for (_, last), (chunk_loss, chunk_pairs) in zip(chunks, results, strict=True):
            loss += chunk_loss
            pairs += chunk_pairs
            self._check(chunk_loss, epoch)
            self._note(epoch, last, loss / max(pairs, 1), chunk_pairs)
        self.epoch_losses.append(loss / max(pairs, 1))

    def _train_chunk(self, epoch: int, first: int, last: int) -> tuple[float, int]:
        loss, pairs = kernels.train_sessions(
            self.corpus,
            first,
            last,
            self.context,
            self.objective,
            self.matrices,
            self._alpha(epoch, first),
            chunk_seed(self.config.seed, epoch, first),
        )
        return float(loss), int(pairs)

    def _alpha(self, epoch: int, session: int) -> float:
        """Falls linearly from alpha to min_alpha over all items of all epochs."""
        config = self.config
        done = epoch + int(self.corpus.offsets[session]) / self.items_per_epoch
        return config.alpha - (config.alpha - config.min_alpha) * done / config.epochs

    def _check(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            raise DivergenceError(
                f"training diverged in epoch {epoch + 1} (the loss is {loss}): lower alpha = "
                f"{self.config.alpha} or negative = {self.config.negative}"
            )

    def _note(self, epoch: int, session: int, loss: float, pairs: int) -> None:
        self.pairs += pairs
        self.last = Snapshot(
            epoch=epoch + 1,
            epochs=self.config.epochs,
            items_done=epoch * self.items_per_epoch + int(self.corpus.offsets[session]),
            items_total=self.items_per_epoch * self.config.epochs,
            pairs_done=self.pairs,
            loss=loss,
            alpha=self._alpha(epoch, session),
            seconds=time.perf_counter() - self.started,
        )
        self.report(self.last)


def split_chunks(offsets: NDArray[np.int64], chunk_items: int) -> list[int]:
    """Cuts the corpus between sessions into chunks of about `chunk_items` items.

    Returns:
        The first session of each chunk, and the number of sessions at the end.
    """
    marks = np.arange(chunk_items, offsets[-1], chunk_items)
    cuts = np.searchsorted(offsets, marks)
    firsts: list[int] = np.unique(np.concatenate([[0], cuts, [len(offsets) - 1]])).tolist()
    return firsts


def chunk_seed(seed: int, epoch: int, first: int) -> np.uint64:
    """The seed of a chunk, so that results do not depend on which thread takes it; never zero."""
    words = np.random.SeedSequence((seed, epoch, first)).generate_state(1, np.uint64)
    return np.uint64(int(words[0]) | 1)


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """The chance that subsampling keeps an occurrence: sqrt(t/f) + t/f, at most 1.

    As word2vec.c computes it; f is the item's share of all occurrences, t is `sample`; 0 keeps all.

    Args:
        counts: int64 [items].
        sample: the threshold t.

    Returns:
        float64 [items].
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / counts
    probability: NDArray[np.float64] = np.minimum(np.sqrt(ratio) + ratio, 1.0)
    return probability


def _context(counts: NDArray[np.int64], config: TrainingConfig) -> kernels.Context:
    window = 0 if config.window == "session" else config.window
    return kernels.Context(
        keep=(keep_probability(counts, config.sample) * ALWAYS).astype(np.uint64),
        window=window,
        max_contexts=config.max_contexts if window == 0 else 0,
        shrink=config.shrink_windows,
        cbow=config.architecture == "cbow",
        mean=config.cbow_mean,
    )


def _objective(counts: NDArray[np.int64], config: TrainingConfig) -> kernels.Objective:
    if config.objective == "negative-sampling":
        return kernels.Objective(
            negative=config.negative,
            alias=noise_table(counts, config.ns_exponent),
            tree=np.zeros(1, np.int64),
            most_targets=config.negative + 1,
        )
    tree = build_tree(counts)
    return kernels.Objective(0, np.zeros((1, 2), np.uint32), tree.links, tree.depth)


def _new_matrices(items: int, config: TrainingConfig) -> kernels.Matrices:
    """Input rows uniform in (-.5, .5) / vector_size, output rows zero, padded to whole vectors."""
    width = -(-config.vector_size // LANES) * LANES
    matrices = kernels.Matrices(_aligned_zeros(items * width), _aligned_zeros(items * width), width)
    random = np.random.Generator(np.random.PCG64(config.seed))
    rows = matrices.input.reshape(items, width)
    rows[:, : config.vector_size] = random.random((items, config.vector_size), np.float32) - 0.5
    rows /= config.vector_size
    return matrices


def _aligned_zeros(size: int) -> NDArray[np.float32]:
    """Zeros that start at a multiple of 64 bytes, so that no vector straddles a cache line."""
    buffer = np.zeros(size + LANES, np.float32)
    start = -(buffer.ctypes.data // buffer.itemsize) % LANES
    return buffer[start : start + size]


def _map(function: Callable[[T], R], tasks: Iterable[T], workers: int) -> Iterator[R]:
    """The results in order, by `workers` threads; an interruption drops the tasks not begun."""
    if workers == 1:
        yield from map(function, tasks)
        return
    executor = ThreadPoolExecutor(workers)
    try:
        yield from executor.map(function, tasks)
    finally:
        executor.shutdown(cancel_futures=True)
