"""Runs the training: epochs, threads, learning rate, progress."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.model.errors import Item2VecError
from trainer.arrays import blocks
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.threads import threads
from trainer.word2vec.batch_loss import Batch, BatchLoss
from trainer.word2vec.checkpoint import Checkpoint, Progress, fingerprint
from trainer.word2vec.kernels.hidden import BLOCK, Architecture, Cbow, SkipGram
from trainer.word2vec.kernels.walk import Context, Corpus, train_sessions
from trainer.word2vec.matrices import KnownVectors, Matrices, new_matrices, rows, take_over
from trainer.word2vec.objectives import OBJECTIVES

# Items in a chunk of whole sessions: a call of the kernel costs 5 microseconds, a chunk some 10 ms.
CHUNK_ITEMS = 10_000
ALWAYS = 2**32 - 1
# Several threads meet after so many chunks each, when a checkpoint can be written.
CHUNKS_BETWEEN_RESTS = 64

Chunk = tuple[int, int, int]


class DivergenceError(Item2VecError):
    """The vectors stopped being finite."""


@dataclass(frozen=True)
class Snapshot:
    """Where a training run stands.

    Attributes:
        epoch: the epoch, from 1.
        epochs: how many there will be.
        items_done: items walked over so far, in all epochs.
        items_total: items to walk over, in all epochs.
        pairs_done: pairs of a hidden row and a center trained so far.
        loss: of a fixed batch at the end of the last finished epoch, or before the first; see
            `BatchLoss`.
        alpha: learning rate.
        seconds: time spent training; compiling, measuring the loss and checkpoints left out.
    """

    epoch: int
    epochs: int
    items_done: int
    items_total: int
    pairs_done: int
    loss: float
    alpha: float
    seconds: float

    @property
    def items_per_second(self) -> float:
        """Items walked over in a second, on average since the start."""
        return self.items_done / max(self.seconds, 1e-9)

    @property
    def pairs_per_second(self) -> float:
        """Pairs trained in a second, on average since the start."""
        return self.pairs_done / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """The time to the end of the run at this rate."""
        return (self.items_total - self.items_done) / max(self.items_per_second, 1e-9)


@dataclass(frozen=True, eq=False)
class TrainedVectors:
    """The result of a training run.

    Attributes:
        input: float32 [items, vector_size].
        output: float32 [items, vector_size]; with hierarchical softmax the rows are the inner
            nodes of the tree, and the last row is unused.
        epoch_losses: the loss of a fixed batch at the end of each epoch; see `BatchLoss`.
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
    *,
    known: KnownVectors | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedVectors:
    """Trains input and output vectors on sessions.

    Weights of events say how often their pairs are trained; noise and subsampling go by the counts
    of the vocabulary, which know no weights.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items, most frequent first.
        config: every hyper-parameter.
        report: told where the run stands after every chunk.
        known: vectors of an earlier model to begin from; other items begin at random.
        checkpoint: where the state is saved now and then, and continued from.

    Raises:
        DivergenceError: the loss or a vector stopped being finite.
        InputError: the checkpoint to resume from is missing, damaged or of another run.
    """
    matrices = new_matrices(len(vocabulary), config)
    if known is not None:
        take_over(matrices, vocabulary, known)
    run = _Run(sessions, vocabulary, config, matrices)
    if checkpoint is not None:
        run.progress = checkpoint.load(run.fingerprint, matrices)
    for snapshot in run.train_all(checkpoint):
        report(snapshot)
    # A loss is that before the step: it does not know of the last one.
    if not (_is_finite(matrices.input) and _is_finite(matrices.output)):
        raise DivergenceError(f"training diverged at its end: {_remedy(config)}")
    size = config.vector_size
    return TrainedVectors(
        input=rows(matrices.input, matrices.width)[:, :size],
        output=rows(matrices.output, matrices.width)[:, :size],
        epoch_losses=list(run.progress.epoch_losses),
        last=run.snapshot(),
    )


class _Run:
    """One training run: what stays the same over its epochs, and how far it has come."""

    def __init__(
        self,
        sessions: Sessions,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        matrices: Matrices,
    ) -> None:
        self.config = config
        self.matrices = matrices
        self.corpus = Corpus(sessions.items, sessions.offsets, _weights(sessions))
        self.chunks = list(pairwise(split_chunks(sessions.offsets, CHUNK_ITEMS)))
        self.context = _context(vocabulary.counts, config)
        self.objective = OBJECTIVES[config.objective](vocabulary.counts, config)
        self.batch_loss = BatchLoss(
            Batch.draw(sessions, vocabulary.counts), vocabulary.counts, config
        )
        self.fingerprint = fingerprint(sessions, vocabulary, config, CHUNK_ITEMS)
        self.progress = Progress()
        self.threads = 1 if config.deterministic else config.workers

    def train_all(self, checkpoint: Checkpoint | None) -> Iterator[Snapshot]:
        """Trains what is left, and says after every chunk where the run stands.

        Between two groups of chunks no thread is at work: then the loss is measured where an epoch
        has ended, and the checkpoint is written when it is due.
        """
        self._train_chunk((0, 0, 0))  # compiles the kernel, or reads it from the cache
        if not self.progress.epoch_losses:
            self.progress = replace(self.progress, loss=self.batch_loss(self.matrices))
        with threads(self.threads) as map_chunks:
            while group := self._next_group():
                started = time.perf_counter() - self.progress.seconds
                for number, (loss, pairs) in zip(
                    group, map_chunks(self._train_chunk, map(self._chunk, group)), strict=True
                ):
                    self._check(loss, number)
                    self._note(number, pairs, time.perf_counter() - started)
                    if number != group[-1]:
                        yield self.snapshot()
                if self.progress.chunks % len(self.chunks) == 0:
                    self._close_epoch()
                if checkpoint is not None and checkpoint.due():
                    checkpoint.save(self.fingerprint, self.progress, self.matrices)
                yield self.snapshot()

    def _next_group(self) -> range:
        """The chunks to be trained before the next rest, all of one epoch; none at the end."""
        first, in_epoch = self.progress.chunks, len(self.chunks)
        size = CHUNKS_BETWEEN_RESTS * self.threads if self.threads > 1 else 1
        end_of_epoch = first - first % in_epoch + in_epoch
        return range(first, min(first + size, end_of_epoch, in_epoch * self.config.epochs))

    def _chunk(self, number: int) -> Chunk:
        """The epoch, the first session and the session after the last of a chunk."""
        epoch, place = divmod(number, len(self.chunks))
        return epoch, *self.chunks[place]

    def _train_chunk(self, chunk: Chunk) -> tuple[float, int]:
        epoch, first, last = chunk
        of_noise, of_the_walk = chunk_seeds(self.config.seed, epoch, first)
        return train_sessions(
            self.corpus,
            first,
            last,
            self.context,
            _architecture(self.config, self.matrices.width),
            self.objective.targets(of_noise),
            self.matrices,
            self._alpha(self._items_before(epoch, first)),
            of_the_walk,
        )

    def _items_before(self, epoch: int, session: int) -> int:
        return epoch * len(self.corpus.items) + int(self.corpus.offsets[session])

    def _alpha(self, items_done: int) -> float:
        """Falls linearly from alpha to min_alpha over all items of all epochs."""
        config = self.config
        share = items_done / (len(self.corpus.items) * config.epochs)
        return config.alpha - (config.alpha - config.min_alpha) * share

    def _check(self, loss: float, number: int) -> None:
        if not np.isfinite(loss):
            raise DivergenceError(
                f"training diverged in epoch {number // len(self.chunks) + 1} (the loss is "
                f"{loss}): {_remedy(self.config)}"
            )

    def _note(self, number: int, pairs: int, seconds: float) -> None:
        before = self.progress
        self.progress = replace(
            before, chunks=number + 1, pairs=before.pairs + pairs, seconds=seconds
        )

    def _close_epoch(self) -> None:
        loss = self.batch_loss(self.matrices)
        self._check(loss, self.progress.chunks - 1)
        losses = (*self.progress.epoch_losses, loss)
        self.progress = replace(self.progress, loss=loss, epoch_losses=losses)

    def snapshot(self) -> Snapshot:
        """Where the run stands."""
        epoch, first, last = self._chunk(max(self.progress.chunks - 1, 0))
        items_done = self._items_before(epoch, last if self.progress.chunks else first)
        return Snapshot(
            epoch=epoch + 1,
            epochs=self.config.epochs,
            items_done=items_done,
            items_total=len(self.corpus.items) * self.config.epochs,
            pairs_done=self.progress.pairs,
            loss=self.progress.loss,
            alpha=self._alpha(items_done),
            seconds=self.progress.seconds,
        )


def _is_finite(flat: NDArray[np.float32]) -> bool:
    return all(np.isfinite(block).all() for block in blocks(flat))


def _remedy(config: TrainingConfig) -> str:
    return f"lower alpha = {config.alpha} or negative = {config.negative}"


def split_chunks(offsets: NDArray[np.int64], chunk_items: int) -> list[int]:
    """Cuts the corpus between sessions into chunks of about `chunk_items` items.

    Returns:
        The first session of each chunk, and the number of sessions at the end.
    """
    marks = np.arange(chunk_items, offsets[-1], chunk_items)
    cuts = np.searchsorted(offsets, marks)
    firsts: list[int] = np.unique(np.concatenate([[0], cuts, [len(offsets) - 1]])).tolist()
    return firsts


def chunk_seeds(seed: int, epoch: int, first: int) -> NDArray[np.uint64]:
    """The seeds of a chunk, so that results do not depend on which thread takes it.

    Returns:
        uint64 [2], never zero: of noise, and of all other random numbers.
    """
    words = np.random.SeedSequence((seed, epoch, first)).generate_state(2, np.uint64)
    return words | np.uint64(1)


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


def _weights(sessions: Sessions) -> NDArray[np.float32]:
    """The weights of the events; none at all where they change nothing."""
    if sessions.weights is None or (sessions.weights == 1).all():
        return np.empty(0, np.float32)
    return sessions.weights


def _context(counts: NDArray[np.int64], config: TrainingConfig) -> Context:
    return Context(
        keep=(keep_probability(counts, config.sample) * ALWAYS).astype(np.uint64),
        whole_session=config.window == "session",
        most=config.max_contexts,
        window=config.max_contexts if config.window == "session" else config.window,
        shrink=config.shrink_windows,
    )


def _architecture(config: TrainingConfig, width: int) -> Architecture:
    """With room of its own, so that every thread has one."""
    if config.architecture == "skip-gram":
        return SkipGram(np.empty(BLOCK, np.int64))
    return Cbow(config.cbow_mean, np.zeros(1, np.int64), np.empty(2 * width, np.float32))
