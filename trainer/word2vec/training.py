"""Runs the training: epochs, threads, learning rate, snapshots."""

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
from trainer.word2vec.architecture import architecture_of
from trainer.word2vec.batch_loss import Batch, BatchLoss
from trainer.word2vec.checkpoint import Checkpoint, RunState, fingerprint
from trainer.word2vec.hot_rows import HotRows
from trainer.word2vec.kernels.walk import Context, Corpus, train_sessions
from trainer.word2vec.matrices import KnownVectors, first_rows, new_matrices, rows, take_over
from trainer.word2vec.objectives import OBJECTIVES

# Items in a chunk of whole sessions: starting one costs 50 microseconds, a chunk takes 5 to 20 ms.
CHUNK_ITEMS = 20_000
ALWAYS = 2**32 - 1
# Several threads rest after this many chunks each, so that a checkpoint can be written.
CHUNKS_BETWEEN_RESTS = 64

Chunk = tuple[int, int, int]


class DivergenceError(Item2VecError):
    """The vectors stopped being finite."""


@dataclass(frozen=True)
class Snapshot:
    """How far a training run has come, as people see it.

    Attributes:
        epoch: the current epoch, from 1.
        epochs: the number of epochs.
        items_done: items visited so far, over all epochs.
        items_total: items to visit, over all epochs.
        pairs_done: pairs of a hidden row and a center trained so far.
        loss: the loss of a fixed batch after the last finished epoch, or before the first; see
            `BatchLoss`.
        alpha: the learning rate.
        seconds: time spent training, without compiling, measuring the loss and checkpoints.
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
        """Items visited per second, on average since the start."""
        return self.items_done / max(self.seconds, 1e-9)

    @property
    def pairs_per_second(self) -> float:
        """Pairs trained per second, on average since the start."""
        return self.pairs_done / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float:
        """The time to the end of the run at the average rate so far."""
        return (self.items_total - self.items_done) / max(self.items_per_second, 1e-9)


@dataclass(frozen=True, eq=False)
class TrainedVectors:
    """The result of a training run.

    Attributes:
        input: float32 [items, vector_size].
        output: float32 [items, vector_size]; with hierarchical softmax the rows are the inner
            nodes of the tree, and the last row is unused.
        epoch_losses: the loss of a fixed batch after each epoch; see `BatchLoss`.
        last: the snapshot at the end of the run.
    """

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    epoch_losses: list[float]
    last: Snapshot


OnSnapshot = Callable[[Snapshot], None]


def train(
    sessions: Sessions,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    on_snapshot: OnSnapshot = lambda _: None,
    *,
    known: KnownVectors | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedVectors:
    """Trains input and output vectors on sessions.

    The weight of an event says how often its pairs are trained. Noise and subsampling use the
    counts of the vocabulary, which ignore weights.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items, most frequent first.
        config: every hyper-parameter.
        on_snapshot: called after every chunk.
        known: vectors of an earlier model to begin from; all other items begin at random.
        checkpoint: where the state is saved from time to time, and resumed from.

    Raises:
        DivergenceError: the loss or a vector stopped being finite.
        InputError: the checkpoint to resume from is missing, damaged or of another run.
    """
    run = _Run(sessions, vocabulary, config)
    matrices = run.matrices
    if known is not None:
        take_over(matrices, vocabulary, known)
    if checkpoint is not None:
        run.state = checkpoint.load(run.fingerprint, matrices)
    for snapshot in run.train_all(checkpoint):
        on_snapshot(snapshot)
    # A loss is computed before the step, so it cannot show that the last step diverged.
    if not (_is_finite(matrices.input) and _is_finite(matrices.output)):
        raise DivergenceError(f"training diverged at its end: {_remedy(config)}")
    size = config.vector_size
    return TrainedVectors(
        input=rows(matrices.input, matrices.width)[:, :size],
        output=rows(matrices.output, matrices.width)[:, :size],
        epoch_losses=list(run.state.epoch_losses),
        last=run.snapshot(),
    )


class _Run:
    """One training run: what stays the same over its epochs, and its state."""

    def __init__(self, sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.config = config
        self.corpus = _corpus(sessions, vocabulary, config)
        self.chunks = list(pairwise(split_chunks(sessions.offsets, CHUNK_ITEMS)))
        self.context = _context(config)
        self.objective = OBJECTIVES[config.objective](vocabulary.counts, config)
        is_weighted = self.corpus.weights.size > 0
        self.architecture = architecture_of(config, self.objective.max_targets, is_weighted)
        self.batch_loss = BatchLoss(
            Batch.draw(sessions, vocabulary.counts), vocabulary.counts, config
        )
        self.fingerprint = fingerprint(sessions, vocabulary, config, CHUNK_ITEMS)
        self.state = RunState()
        self.threads = 1 if config.deterministic else config.workers
        self.hot_rows = HotRows(len(vocabulary), self.objective, self.threads)
        self.with_copies = new_matrices(len(vocabulary), config, self.hot_rows.spare_rows)
        self.matrices = first_rows(self.with_copies, len(vocabulary))

    def train_all(self, checkpoint: Checkpoint | None) -> Iterator[Snapshot]:
        """Trains the remaining chunks, and yields a snapshot after each.

        Between two groups of chunks no thread is at work. Then the loss is measured, if an epoch
        has ended, and the checkpoint is saved, if it is due.
        """
        self._train_chunk((0, 0, 0))  # compiles the kernel, or reads it from the cache
        if not self.state.epoch_losses:
            self.state = replace(self.state, loss=self.batch_loss(self.matrices))
        with threads(self.threads) as map_chunks:
            while group := self._next_group():
                started = time.perf_counter() - self.state.seconds
                for number, (loss, pairs) in zip(
                    group, map_chunks(self._train_chunk, map(self._chunk, group)), strict=True
                ):
                    self._check(loss, number)
                    self._note(number, pairs, time.perf_counter() - started)
                    if number != group[-1]:
                        yield self.snapshot()
                if self.state.chunks % len(self.chunks) == 0:
                    self._close_epoch()
                if checkpoint is not None and checkpoint.due():
                    checkpoint.save(self.fingerprint, self.state, self.matrices)
                yield self.snapshot()

    def _next_group(self) -> range:
        """The numbers of the chunks before the next rest, all of one epoch; empty at the end."""
        first, in_epoch = self.state.chunks, len(self.chunks)
        size = CHUNKS_BETWEEN_RESTS * self.threads if self.threads > 1 else 1
        end_of_epoch = first - first % in_epoch + in_epoch
        return range(first, min(first + size, end_of_epoch, in_epoch * self.config.epochs))

    def _chunk(self, number: int) -> Chunk:
        """The epoch of a chunk, its first session, and the session after its last."""
        epoch, place = divmod(number, len(self.chunks))
        return epoch, *self.chunks[place]

    def _train_chunk(self, chunk: Chunk) -> tuple[float, int]:
        epoch, first, last = chunk
        noise_seed, walk_seed = chunk_seeds(self.config.seed, epoch, first)
        with self.hot_rows.copies() as copies:
            return train_sessions(
                self.corpus,
                first,
                last,
                self.context,
                self.architecture,
                self.objective.targets(noise_seed),
                self.with_copies,
                copies,
                self._alpha(self._items_before(epoch, first)),
                walk_seed,
            )

    def _items_before(self, epoch: int, session: int) -> int:
        return epoch * len(self.corpus.items) + int(self.corpus.offsets[session])

    def _alpha(self, items_done: int) -> float:
        """The learning rate, which falls linearly from alpha to min_alpha over all epochs."""
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
        pairs = self.state.pairs + int(pairs)
        self.state = replace(self.state, chunks=number + 1, pairs=pairs, seconds=seconds)

    def _close_epoch(self) -> None:
        loss = self.batch_loss(self.matrices)
        self._check(loss, self.state.chunks - 1)
        losses = (*self.state.epoch_losses, loss)
        self.state = replace(self.state, loss=loss, epoch_losses=losses)

    def snapshot(self) -> Snapshot:
        """How far the run has come."""
        epoch, first, last = self._chunk(max(self.state.chunks - 1, 0))
        items_done = self._items_before(epoch, last if self.state.chunks else first)
        return Snapshot(
            epoch=epoch + 1,
            epochs=self.config.epochs,
            items_done=items_done,
            items_total=len(self.corpus.items) * self.config.epochs,
            pairs_done=self.state.pairs,
            loss=self.state.loss,
            alpha=self._alpha(items_done),
            seconds=self.state.seconds,
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
    """The seeds of a chunk, so that results do not depend on the thread that trains it.

    Returns:
        uint64 [2], never zero: the seed of the noise, and that of all other random numbers.
    """
    seeds = np.random.SeedSequence((seed, epoch, first)).generate_state(2, np.uint64)
    return seeds | np.uint64(1)


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """The chance that subsampling keeps an occurrence: sqrt(t/f) + t/f, at most 1.

    As in word2vec.c: f is the item's share of all occurrences, t is `sample`, and 0 keeps all.

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


def _corpus(sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig) -> Corpus:
    keep = keep_probability(vocabulary.counts, config.sample) * ALWAYS
    weights = sessions.weights
    if weights is None or (weights == 1).all():
        weights = np.empty(0, np.float32)
    return Corpus(sessions.items, sessions.offsets, weights, keep.astype(np.uint32))


def _context(config: TrainingConfig) -> Context:
    return Context(
        whole_session=config.window == "session",
        max_contexts=config.max_contexts,
        window=config.max_contexts if config.window == "session" else config.window,
        shrink=config.shrink_windows,
    )
