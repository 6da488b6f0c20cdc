"""Walks over sessions: every position that subsampling keeps becomes a center."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit, inner_jit
from trainer.word2vec.kernels.architectures import Architecture, prepare, train_block
from trainer.word2vec.kernels.blocks import CENTERS, SPAN, Block, Centers, Workspace
from trainer.word2vec.kernels.copies import Copies, copied, hand_back_copies, take_copies
from trainer.word2vec.kernels.randomness import HALF, advance, below
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.targets import Targets, prefetch_row
from trainer.word2vec.kernels.tiles import MOST_ROWS
from trainer.word2vec.matrices import Matrices


class Corpus(NamedTuple):
    """Sessions, laid out as in `trainer.corpus.Sessions`.

    items: int32 [events].
    offsets: int64 [sessions + 1].
    weights: float32 [events], how often each event is a center on average; empty if all are 1.
    keep: uint32 [items], an occurrence is kept if 32 random bits are at most this.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32]
    keep: NDArray[np.uint32]


class Context(NamedTuple):
    """Which items are the context of a center.

    whole_session: whether the context is the whole session, or a window around the center.
    max_contexts: for the whole session: the size of the sample from a longer session.
    window: for a window: the widest reach.
    shrink: whether the reach is drawn from 1..window.
    """

    whole_session: bool
    max_contexts: int
    window: int
    shrink: bool


class Kept(NamedTuple):
    """The events of a chunk that subsampling keeps, session after session.

    items: int32 [positions]. A circle is followed by its first items once more.
    turns: int32 [positions], how often each is a center; those after a circle have none.
    begins, ends: int64 [sessions], where each session is.
    """

    items: NDArray[np.int32]
    turns: NDArray[np.int32]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]


@fast_jit
def train_sessions(
    corpus: Corpus,
    first: int,
    last: int,
    context: Context,
    architecture: Architecture,
    source: Targets,
    matrices: Matrices,
    copies: Copies,
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
        architecture: which rows are scored against one another.
        source: the targets of centers, with random numbers of its own.
        matrices: changed in place.
        copies: the rows of which the calling thread trains copies.
        alpha: the learning rate, the same for all of these sessions.
        seed: the seed of all other random numbers, not zero.

    Returns:
        The loss summed over all pairs of a hidden and a target row, and the number of pairs of a
        hidden row and a center.
    """
    kept, bits = _keep(corpus, first, last, context, seed)
    centers = _find_centers(kept, context, copies, bits)
    blocks = _cut(centers, architecture.span, architecture.span_of_runs)
    workspace = _new_workspace(architecture.room, matrices.width)
    take_copies(matrices, copies)
    loss = 0.0
    n_hidden = 0
    n_blocks = len(blocks)
    trained = Block(0, 0, 0, 0, 0, 0)
    for number in range(n_blocks + 1):
        prepared = trained
        if number < n_blocks:
            first_center, last_center = blocks[number, 0], blocks[number, 1]
            low, high = blocks[number, 2], blocks[number, 3]
            fresh = max(low, trained.high)
            prepared = Block(first_center, last_center, low, high, fresh, number & 1)
            for position in range(fresh, high):
                start = centers.rows[position] * matrices.width
                prefetch_row(matrices.input, start, matrices.width)
            prepare(architecture, prepared, centers, source, matrices, copies, workspace)
        if number > 0:
            block_loss, n_rows = train_block(
                architecture, trained, centers, matrices, workspace, np.float32(alpha)
            )
            loss += block_loss
            n_hidden += n_rows
        trained = prepared
    hand_back_copies(matrices, copies)
    return loss, n_hidden


@fast_jit
def _keep(
    corpus: Corpus, first: int, last: int, context: Context, seed: np.uint64
) -> tuple[Kept, np.uint64]:
    """Subsamples sessions; returns the events that are kept, and random bits to go on from."""
    overlap = context.max_contexts if context.whole_session else 0
    n_events = corpus.offsets[last] - corpus.offsets[first]
    for session in range(first, last):
        length = corpus.offsets[session + 1] - corpus.offsets[session]
        n_events += overlap if length > overlap + 1 else 0
    items, turns = np.empty(n_events, np.int32), np.ones(n_events, np.int32)
    begins, ends = np.empty(last - first, np.int64), np.empty(last - first, np.int64)
    bits = seed
    n = 0
    for session in range(first, last):
        begin = n
        for position in range(corpus.offsets[session], corpus.offsets[session + 1]):
            item = corpus.items[position]
            items[n] = item  # the next event takes its place, unless it is kept
            if corpus.weights.size:
                bits = advance(bits)
                turns[n] = _round(corpus.weights[position], bits)
            bits = advance(bits)
            n += int((bits >> HALF) <= np.uint64(corpus.keep[item]))
        begins[session - first], ends[session - first] = begin, n
        if context.whole_session and n - begin > overlap + 1:
            bits = _shuffle(items, turns, begin, n, bits)
            items[n : n + overlap] = items[begin : begin + overlap]
            n += overlap
    return Kept(items[:n], turns[:n], begins, ends), bits


@inner_jit
def _round(weight: np.float32, bits: np.uint64) -> np.int64:
    """A random whole number whose mean is the weight: rounded up by chance, else down."""
    whole = np.int64(weight)
    rest = np.float64(weight) - np.float64(whole)
    return whole + np.int64(np.float64(bits >> HALF) < rest * 2.0**32)


@inner_jit
def _shuffle(
    items: NDArray[np.int32], turns: NDArray[np.int32], begin: int, end: int, bits: np.uint64
) -> np.uint64:
    """Shuffles positions begin..end-1 (Fisher-Yates); returns random bits to go on from."""
    for place in range(end - 1, begin, -1):
        bits = advance(bits)
        other = begin + below(bits, place - begin + 1)
        items[place], items[other] = items[other], items[place]
        turns[place], turns[other] = turns[other], turns[place]
    return bits


@fast_jit
def _find_centers(kept: Kept, context: Context, copies: Copies, bits: np.uint64) -> Centers:
    """The centers of the events that are kept, as often as it is their turn."""
    items, turns, begins, ends = kept
    rows = np.empty(items.size, np.int32)
    for position in range(items.size):
        rows[position] = copied(np.int64(items[position]), 0, copies)
    n = 0
    for session in range(begins.size):
        for place in range(begins[session], ends[session]):
            n += turns[place]
    places, lows, highs = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    n = 0
    for session in range(begins.size):
        begin, end = begins[session], ends[session]
        in_circle = context.whole_session and end - begin > context.max_contexts + 1
        for place in range(begin, end):
            for _ in range(turns[place]):
                low, high = begin, end
                if in_circle:
                    low, high = place, place + context.max_contexts + 1
                elif not context.whole_session:
                    reach = context.window
                    if context.shrink:
                        bits = advance(bits)
                        reach = 1 + int(below(bits, reach))
                    low, high = max(begin, place - reach), min(end, place + reach + 1)
                places[n], lows[n], highs[n] = place, low, high
                n += 1
    return Centers(items, rows, places, lows, highs)


@fast_jit
def _cut(centers: Centers, span: int, span_of_runs: int) -> NDArray[np.int64]:
    """Cuts the centers into blocks, and contexts that reach further than `span` into parts.

    Where an item is two centers of a block that is trained at once, its row moves by the sum of two
    steps, each of which is that of a whole context. In a run of one item that overshoots until the
    vectors are not finite. If `span_of_runs` is not 0, a block ends before an item that it has, and
    in a run, where it has one center only, its parts are that short.

    Returns:
        int64 [blocks, 4], the fields first, last, low and high of each `Block`.
    """
    n_centers = centers.places.size
    blocks = np.empty((n_centers // CENTERS + 1, 4), np.int64)
    n = 0
    first = 0
    while first < n_centers:
        last, part = min(first + CENTERS, n_centers), span
        if span_of_runs:
            last = _first_repeated(centers, first, last)
            if last == first + 1 and last < n_centers:
                part = span_of_runs
        lowest, highest = int(centers.low[first]), int(centers.high[first])
        for center in range(first + 1, last):
            lowest = min(lowest, int(centers.low[center]))
            highest = max(highest, int(centers.high[center]))
        for low in range(lowest, highest, part):
            if n == len(blocks):
                blocks = np.concatenate((blocks, np.empty_like(blocks)))
            blocks[n, 0], blocks[n, 1] = first, last
            blocks[n, 2], blocks[n, 3] = low, min(low + part, highest)
            n += 1
        first = last
    return blocks[:n]


@inner_jit
def _first_repeated(centers: Centers, first: int, last: int) -> int:
    """The first of the centers first..last-1 with the item of one before it; `last` if none."""
    for one in range(first + 1, last):
        item = centers.items[centers.places[one]]
        for other in range(first, one):
            if item == centers.items[centers.places[other]]:
                return one
    return last


@fast_jit
def _new_workspace(room: int, width: int) -> Workspace:
    return Workspace(
        room,
        np.empty(2 * room, np.int64),
        np.empty(2 * CENTERS, np.int64),
        np.empty(2 * CENTERS, np.int64),
        np.zeros(2 * CENTERS * room + LANES, np.float32),
        np.zeros(MOST_ROWS * room + LANES, np.float32),
        np.empty(SPAN, np.int64),
        np.empty(2 * CENTERS * width, np.float32),
    )
