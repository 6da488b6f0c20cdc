"""Walks over sessions: every position that subsampling keeps becomes a center."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit
from trainer.word2vec.kernels.gradient import GROUP
from trainer.word2vec.kernels.hidden import Architecture, Center, Scratch, train_center
from trainer.word2vec.kernels.randomness import HALF, below, next_bits
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.targets import Targets
from trainer.word2vec.matrices import Matrices


class Corpus(NamedTuple):
    """Sessions, laid out as in `trainer.corpus.Sessions`.

    items: int32 [events].
    offsets: int64 [sessions + 1].
    weights: float32 [events], how often each event is a center on average; empty if all are 1.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32]


class Context(NamedTuple):
    """Which items are the context of a center.

    keep: uint64 [items], an occurrence is kept if 32 random bits are at most this.
    whole_session: whether the context is the whole session, or a window around the center.
    max_contexts: for the whole session: the size of the sample from a longer session.
    window: for a window: the widest reach.
    shrink: whether the reach is drawn from 1..window.
    """

    keep: NDArray[np.uint64]
    whole_session: bool
    max_contexts: int
    window: int
    shrink: bool


class KeptEvents(NamedTuple):
    """The events of one session that subsampling keeps.

    items: int64 [events], followed by room for the overlap of a circle.
    weights: float32 [events]; empty if all are 1.
    """

    items: NDArray[np.int64]
    weights: NDArray[np.float32]


@fast_jit
def _allocate(corpus: Corpus, first: int, last: int, overlap: int) -> KeptEvents:
    """Memory for the longest of sessions first..last-1 and its overlap."""
    longest = 1
    for session in range(first, last):
        longest = max(longest, corpus.offsets[session + 1] - corpus.offsets[session])
    weighted = longest if corpus.weights.size else 0
    return KeptEvents(np.empty(longest + overlap, np.int64), np.empty(weighted, np.float32))


@fast_jit
def _keep(
    corpus: Corpus,
    session: int,
    keep: NDArray[np.uint64],
    state: NDArray[np.uint64],
    kept: KeptEvents,
) -> int:
    """Subsamples a session into `kept`; returns the number of events kept."""
    n = 0
    for position in range(corpus.offsets[session], corpus.offsets[session + 1]):
        item = corpus.items[position]
        if (next_bits(state) >> HALF) <= keep[item]:
            kept.items[n] = item
            if kept.weights.size:
                kept.weights[n] = corpus.weights[position]
            n += 1
    return n


@fast_jit
def _shuffle_in_circle(kept: KeptEvents, n: int, overlap: int, state: NDArray[np.uint64]) -> None:
    """Shuffles (Fisher-Yates), then repeats the first `overlap` items after the last."""
    items, weights = kept
    for last in range(n - 1, 0, -1):
        other = below(next_bits(state), last + 1)
        items[last], items[other] = items[other], items[last]
        if weights.size:
            weights[last], weights[other] = weights[other], weights[last]
    for position in range(overlap):
        items[n + position] = items[position]


@fast_jit
def _repetitions(weights: NDArray[np.float32], center: int, state: NDArray[np.uint64]) -> np.int64:
    """How often an event is a center: a random whole number whose mean is its weight."""
    if weights.size == 0:
        return np.int64(1)
    whole = np.int64(weights[center])
    rest = np.float64(weights[center]) - np.float64(whole)
    return whole + np.int64(np.float64(next_bits(state) >> HALF) < rest * 2.0**32)


@fast_jit
def _reach(
    center: int, n: int, context: Context, in_circle: bool, state: NDArray[np.uint64]
) -> tuple[int, int]:
    """The positions low, high: low..high-1 are the context of a center (without itself)."""
    if in_circle:
        return center, center + context.max_contexts + 1
    if context.whole_session:
        return 0, n
    reach = context.window
    if context.shrink:
        reach = 1 + int(below(next_bits(state), reach))
    return max(0, center - reach), min(n, center + reach + 1)


@fast_jit
def train_sessions(
    corpus: Corpus,
    first: int,
    last: int,
    context: Context,
    architecture: Architecture,
    source: Targets,
    matrices: Matrices,
    alpha: float,
    seed: np.uint64,
) -> tuple[float, int]:
    """Trains the matrices in place on sessions first..last-1.

    If the whole session is context, a session of more than `max_contexts` + 1 items is put in a
    random circle, and the context of an item is the `max_contexts` items after it: every pair is
    equally likely, and the work grows with the length of a session, not with its square.

    An event of weight w is a center w times on average: floor(w) times, and once more with
    probability w - floor(w), each time with a reach and noise of its own. As a context it counts
    once. Without weights, no random numbers are drawn for them.

    Args:
        corpus: all sessions.
        first: the first session.
        last: the session after the last one.
        context: which items are the context of a center.
        architecture: which hidden rows are scored.
        source: the targets they are scored against, with random numbers of its own.
        matrices: changed in place.
        alpha: the learning rate, the same for all of these sessions.
        seed: the seed of all other random numbers, not zero.

    Returns:
        The loss summed over all pairs of a hidden and a target row, and the number of hidden rows.
    """
    state = np.empty(1, np.uint64)
    state[0] = seed
    overlap = context.max_contexts if context.whole_session else 0
    kept = _allocate(corpus, first, last, overlap)
    items, weights = kept
    scratch = Scratch(
        np.empty(source.max_targets, np.int64),
        np.zeros(GROUP * source.max_targets + LANES, np.float32),
    )
    loss = 0.0
    n_hidden = 0
    step_size = np.float32(alpha)
    for session in range(first, last):
        n = _keep(corpus, session, context.keep, state, kept)
        in_circle = context.whole_session and n > context.max_contexts + 1
        if in_circle:
            _shuffle_in_circle(kept, n, overlap, state)
        for place in range(n):
            for _ in range(_repetitions(weights, place, state)):
                low, high = _reach(place, n, context, in_circle, state)
                center = Center(items, place, low, high)
                center_loss, n_rows = train_center(
                    architecture, center, source, matrices, scratch, step_size
                )
                loss += center_loss
                n_hidden += n_rows
    return loss, n_hidden
