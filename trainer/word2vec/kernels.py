"""Every compiled function, and the NamedTuples they take.

One walk over sessions (`train_sessions`); two questions asked at every position, each answered by
one function: which output rows is the center scored against (`_targets`), and which hidden rows
are scored (the context itself by `_next_block`, or its mean by `_fill_hidden` for CBOW); one
gradient (`_gradient`).

The matrices are flat float32 arrays whose rows are padded with zeros to a multiple of sixteen
floats; padding stays zero because every step is a multiple of a row. Kernels validate nothing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from trainer.word2vec.simd import (
    FAST_MATH,
    LANES,
    first_lanes,
    floor,
    load,
    maximum,
    negative_abs,
    power_of_two,
    prefetch,
    store,
    total,
    where_negative,
    zeros,
)

# Context rows that share their targets. A longer context is taken in several blocks, each with
# noise of its own.
BLOCK = 16
# Hidden rows that are scored before any of them is stepped. The step of a target sums over them: of
# sixteen, with a high alpha, it overshot until the vectors left the numbers.
GROUP = 4
# Noise items are drawn this many draws ahead (a power of two), and their rows asked for by then.
AHEAD = 32
LOW_HALF = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


class Corpus(NamedTuple):
    """Sessions as in `Sessions`.

    items: int32 [events].
    offsets: int64 [sessions + 1].
    weights: float32 [events], how often each event is a center on average; empty for once each.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32]


class Context(NamedTuple):
    """What surrounds a center.

    keep: uint64 [items], an occurrence is kept when 32 random bits are at most this.
    window: the widest reach; 0 for the whole session.
    max_contexts: items of the session sampled as the context of a center (window 0).
    shrink: whether the reach is drawn from 1..window.
    cbow: whether the context is one hidden row; `mean` says whether its mean or its sum.
    """

    keep: NDArray[np.uint64]
    window: int
    max_contexts: int
    shrink: bool
    cbow: bool
    mean: bool


class Objective(NamedTuple):
    """What a center is scored against.

    negative: items drawn as noise; 0 for hierarchical softmax.
    alias: uint32 [items, 2], the alias table of the noise (see `alias_table`).
    tree: int64 [2 items - 1], the Huffman tree (see `huffman_tree`).
    most_targets: the largest number of targets of a center.
    """

    negative: int
    alias: NDArray[np.uint32]
    tree: NDArray[np.int64]
    most_targets: int


class Noise(NamedTuple):
    """The noise items of a chunk, drawn ahead from a stream of their own.

    items: int64 [AHEAD], a ring.
    next: int64 [1], the number of items taken so far.
    state: uint64 [1], of the random numbers.
    """

    items: NDArray[np.int64]
    next: NDArray[np.int64]
    state: NDArray[np.uint64]


class Matrices(NamedTuple):
    """Flat float32 matrices of `width` columns: one input and one output row an item."""

    input: NDArray[np.float32]
    output: NDArray[np.float32]
    width: int


class Kept(NamedTuple):
    """What subsampling leaves of one session.

    items: int64 [events], with room behind them for the overlap of a circle.
    weights: float32 [events]; empty where every event counts once.
    """

    items: NDArray[np.int64]
    weights: NDArray[np.float32]


def _compile(function: Callable[..., Any]) -> Any:
    return numba.njit(nogil=True, cache=True, fastmath=set(FAST_MATH), error_model="numpy")(
        function
    )


# Random numbers: xorshift64 (Marsaglia 2003), 64 bits a draw


@_compile
def _random(state: NDArray[np.uint64]) -> Any:
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@_compile
def _below(bits: Any, bound: int) -> Any:
    """A number in 0..bound-1 from the high half of 64 random bits."""
    return np.int64(((bits >> HALF) * np.uint64(bound)) >> HALF)


@_compile
def _noise_item(state: NDArray[np.uint64], alias: NDArray[np.uint32]) -> Any:
    bits = _random(state)
    item = _below(bits, alias.shape[0])
    return item if (bits & LOW_HALF) < np.uint64(alias[item, 0]) else np.int64(alias[item, 1])


# The loss and its derivative


@_compile
def _exp(x: Any) -> Any:
    """e^x of a vector x <= 0, relative error below 3e-7.

    x = (n + f) ln 2 with |f| <= 1/2: the Taylor polynomial of 2^f, and 2^n by its bits.
    """
    z = maximum(x, np.float32(-80.0)) * np.float32(1.442695041)
    n = floor(z + np.float32(0.5))
    f = z - n
    power = f * np.float32(1.540353039e-4) + np.float32(1.333355815e-3)
    power = power * f + np.float32(9.618129108e-3)
    power = power * f + np.float32(5.550410866e-2)
    power = power * f + np.float32(2.402265070e-1)
    power = power * f + np.float32(6.931471806e-1)
    power = power * f + np.float32(1.0)
    return power * power_of_two(n)


@_compile
def _log1p(t: Any) -> Any:
    """log(1 + t) of a vector 0 <= t <= 1, error below 3e-7: a Chebyshev fit of log(1 + t) / t."""
    series = t * np.float32(-8.574676204e-3) + np.float32(4.421419234e-2)
    series = series * t + np.float32(-1.078536792e-1)
    series = series * t + np.float32(1.775702399e-1)
    series = series * t + np.float32(-2.449961172e-1)
    series = series * t + np.float32(3.327617657e-1)
    series = series * t + np.float32(-4.999744938e-1)
    series = series * t + np.float32(9.999998102e-1)
    return series * t


@_compile
def _score_to_step(scores: NDArray[np.float32], n_positive: int, n: int, alpha: Any) -> Any:
    """Replaces each of n scores by alpha * (label - sigmoid(score)), exact at any score.

    Args:
        scores: float32, room for whole vectors.
        n_positive: the first scores have label 1, the others 0.
        n: how many scores.
        alpha: float32, the learning rate.

    Returns:
        The sum of the losses log(1 + exp(-score)) (label 1) and log(1 + exp(score)) (label 0).
    """
    losses = zeros()
    for start in range(0, n, LANES):
        score = load(scores, start)
        label = first_lanes(n_positive - start)
        e = _exp(negative_abs(score))
        larger = np.float32(1.0) / (e + np.float32(1.0))
        sigmoid = where_negative(score, e * larger, larger)
        loss = maximum(score, np.float32(0.0)) - label * score + _log1p(e)
        losses = losses + loss * first_lanes(n - start)
        store(scores, start, (label - sigmoid) * alpha)
    return np.float64(total(losses))


# The gradient


@_compile
def _score(
    hidden: NDArray[np.float32],
    row: int,
    output: NDArray[np.float32],
    targets: NDArray[np.int64],
    n_targets: int,
    width: int,
    scores: NDArray[np.float32],
    first_score: int,
    stride: int,
) -> None:
    """The products of one hidden row with all targets, three at a time to load it less often.

    Args:
        hidden: the flat matrix of hidden rows.
        row: where the row starts.
        output: the flat matrix of the targets.
        targets: int64, where the targets start.
        n_targets: how many.
        width: columns of both matrices.
        scores: written; target t goes to `first_score + t * stride`.
        first_score: where the first score goes.
        stride: the distance between two scores.
    """
    for t in range(0, n_targets - 2, 3):
        first = zeros()
        second = zeros()
        third = zeros()
        for column in range(0, width, LANES):
            part = load(hidden, row + column)
            first = first + part * load(output, targets[t] + column)
            second = second + part * load(output, targets[t + 1] + column)
            third = third + part * load(output, targets[t + 2] + column)
        place = first_score + t * stride
        scores[place] = total(first)
        scores[place + stride] = total(second)
        scores[place + 2 * stride] = total(third)
    for t in range(n_targets - n_targets % 3, n_targets):
        last = zeros()
        for column in range(0, width, LANES):
            part = load(hidden, row + column)
            last = last + part * load(output, targets[t] + column)
        scores[first_score + t * stride] = total(last)


@_compile
def _gradient(
    hidden: NDArray[np.float32],
    rows: NDArray[np.int64],
    n_rows: int,
    output: NDArray[np.float32],
    targets: NDArray[np.int64],
    n_positive: int,
    n_targets: int,
    alpha: Any,
    width: int,
    scores: NDArray[np.float32],
) -> Any:
    """One step of descent for every pair of a hidden row and a target row.

    The pairs of a group of rows are scored first, then stepped in order, so that the errors come
    out of one pass over vectors (after the block of Ji et al., arXiv 1604.04661). For a hidden row
    h and its targets t: error = alpha (label - sigmoid(h . t)), t += error h, and at the end h +=
    sum of error t.

    Args:
        hidden: the flat matrix of the hidden rows; changed.
        rows: int64, where its rows start.
        n_rows: how many.
        output: the flat matrix of the targets; changed.
        targets: int64, where the targets start.
        n_positive: the first of them have label 1, the others 0.
        n_targets: how many.
        alpha: float32, the learning rate.
        width: columns of both matrices, a multiple of 16.
        scores: scratch of GROUP * n_targets and 16 more.

    Returns:
        The loss before the steps of each group, summed over all pairs.
    """
    loss = 0.0
    for first in range(0, n_rows, GROUP):
        n = min(GROUP, n_rows - first)
        for h in range(n):
            _score(hidden, rows[first + h], output, targets, n_targets, width, scores, h, n)
        loss += _score_to_step(scores, n_positive * n, n_targets * n, alpha)
        for h in range(n):
            row = rows[first + h]
            for column in range(0, width, LANES):
                before = load(hidden, row + column)
                after = before
                for t in range(n_targets):
                    error = scores[t * n + h]
                    target = load(output, targets[t] + column)
                    after = after + target * error
                    store(output, targets[t] + column, target + before * error)
                store(hidden, row + column, after)
    return loss


# The walk


@_compile
def _room(corpus: Corpus, first: int, last: int, overlap: int) -> Kept:
    """Room for the longest of sessions first..last-1 and its overlap."""
    longest = 1
    for session in range(first, last):
        longest = max(longest, corpus.offsets[session + 1] - corpus.offsets[session])
    weighted = longest if corpus.weights.size else 0
    return Kept(np.empty(longest + overlap, np.int64), np.empty(weighted, np.float32))


@_compile
def _keep(
    corpus: Corpus, session: int, keep: NDArray[np.uint64], state: NDArray[np.uint64], kept: Kept
) -> int:
    """Copies what subsampling leaves of a session into `kept`; returns how many items."""
    n = 0
    for position in range(corpus.offsets[session], corpus.offsets[session + 1]):
        item = corpus.items[position]
        if (_random(state) >> HALF) <= keep[item]:
            kept.items[n] = item
            if kept.weights.size:
                kept.weights[n] = corpus.weights[position]
            n += 1
    return n


@_compile
def _shuffle_in_circle(kept: Kept, n: int, overlap: int, state: NDArray[np.uint64]) -> None:
    """Fisher-Yates, then the first `overlap` items once more behind the last one."""
    items, weights = kept
    for last in range(n - 1, 0, -1):
        other = _below(_random(state), last + 1)
        items[last], items[other] = items[other], items[last]
        if weights.size:
            weights[last], weights[other] = weights[other], weights[last]
    for position in range(overlap):
        items[n + position] = items[position]


@_compile
def _repetitions(weights: NDArray[np.float32], center: int, state: NDArray[np.uint64]) -> Any:
    """How often an event is a center: a whole number whose mean is its weight."""
    if weights.size == 0:
        return np.int64(1)
    whole = np.int64(weights[center])
    rest = np.float64(weights[center]) - np.float64(whole)
    return whole + np.int64(np.float64(_random(state) >> HALF) < rest * 2.0**32)


@_compile
def _reach(
    center: int, n: int, context: Context, in_circle: bool, state: NDArray[np.uint64]
) -> tuple[int, int]:
    """The positions low..high-1 around a center that are its context (besides itself)."""
    if in_circle:
        return center, center + context.max_contexts + 1
    if context.window == 0:
        return 0, n
    reach = context.window
    if context.shrink:
        reach = 1 + _below(_random(state), reach)
    return max(0, center - reach), min(n, center + reach + 1)


@_compile
def _noise_targets(
    center: int,
    objective: Objective,
    noise: Noise,
    matrices: Matrices,
    targets: NDArray[np.int64],
) -> Any:
    """Negative sampling: the center, then noise, leaving out noise that is the center."""
    width = matrices.width
    targets[0] = center * width
    n = 1
    for _ in range(objective.negative):
        place = noise.next[0] & (AHEAD - 1)
        item = noise.items[place]
        later = _noise_item(noise.state, objective.alias)
        noise.items[place] = later
        noise.next[0] += 1
        for column in range(0, width, LANES):
            prefetch(matrices.output, later * width + column)
        if item != center:
            targets[n] = item * width
            n += 1
    return 1, n


@_compile
def _path_targets(
    center: int, objective: Objective, matrices: Matrices, targets: NDArray[np.int64]
) -> Any:
    """Hierarchical softmax: the inner nodes between an item and the root, label 1 first."""
    tree = objective.tree
    n_items = (tree.size + 1) // 2
    n_positive = 0
    negative = objective.most_targets
    node = center
    while node != tree.size - 1:
        parent = tree[node] >> 1
        if tree[node] & 1:
            targets[n_positive] = (parent - n_items) * matrices.width
            n_positive += 1
        else:
            negative -= 1
            targets[negative] = (parent - n_items) * matrices.width
        node = parent
    n = n_positive
    for place in range(negative, objective.most_targets):
        targets[n] = targets[place]
        n += 1
    return n_positive, n


@_compile
def _start_noise(objective: Objective, seed: Any) -> Noise:
    state = np.empty(1, np.uint64)
    state[0] = seed
    items = np.empty(AHEAD, np.int64)
    for place in range(AHEAD):
        items[place] = _noise_item(state, objective.alias)
    return Noise(items, np.zeros(1, np.int64), state)


@_compile
def _targets(
    center: int,
    objective: Objective,
    noise: Noise,
    matrices: Matrices,
    targets: NDArray[np.int64],
) -> Any:
    """Where the output rows start that a center is scored against, label 1 first.

    Returns:
        How many targets are positive, and how many there are.
    """
    if objective.negative:
        return _noise_targets(center, objective, noise, matrices, targets)
    return _path_targets(center, objective, matrices, targets)


@_compile
def _next_block(
    kept: Any, position: int, high: int, center: int, width: int, rows: NDArray[np.int64]
) -> Any:
    """Skip-gram: where the rows of the next BLOCK context items start.

    Returns:
        How many there are, and the position behind them.
    """
    n_rows = 0
    while position < high and n_rows < BLOCK:
        if position != center:
            rows[n_rows] = kept[position] * width
            n_rows += 1
        position += 1
    return n_rows, position


@_compile
def _fill_hidden(
    kept: Any, low: int, high: int, center: int, mean: bool, matrices: Matrices, hidden: Any
) -> None:
    """CBOW: the mean or sum of the context rows, twice: row 0 to be stepped, row 1 to stay."""
    width = matrices.width
    share = np.float32(1.0 / max(high - low - 1, 1) if mean else 1.0)
    for column in range(0, width, LANES):
        row = zeros()
        for position in range(low, high):
            if position != center:
                row = row + load(matrices.input, kept[position] * width + column) * share
        store(hidden, column, row)
        store(hidden, width + column, row)


@_compile
def _hand_back(
    kept: Any, low: int, high: int, center: int, mean: bool, matrices: Matrices, hidden: Any
) -> None:
    """CBOW: the step of the hidden row to every context row, divided for the sum (as gensim)."""
    width = matrices.width
    share = np.float32(1.0 if mean else 1.0 / (high - low - 1))
    for column in range(0, width, LANES):
        step = (load(hidden, column) - load(hidden, width + column)) * share
        for position in range(low, high):
            if position != center:
                start = kept[position] * width + column
                store(matrices.input, start, load(matrices.input, start) + step)


@_compile
def train_sessions(
    corpus: Corpus,
    first: int,
    last: int,
    context: Context,
    objective: Objective,
    matrices: Matrices,
    alpha: float,
    seeds: NDArray[np.uint64],
) -> tuple[float, int]:
    """Trains the matrices in place on sessions first..last-1.

    Where the whole session is context, a session longer than max_contexts + 1 is put in a random
    circle and the context of an item is the next max_contexts items: every pair is equally likely,
    and a session counts by its length, not by its square.

    An event of weight w is a center w times on average: floor(w) times, and once more with
    probability w - floor(w), each time with a reach and noise of its own. As a context it counts
    once. Without weights no random number is drawn for them.

    Args:
        corpus: all sessions.
        first: the first session.
        last: the session after the last one.
        context: what surrounds a center.
        objective: what a center is scored against.
        matrices: changed in place.
        alpha: the learning rate, the same for all of these sessions.
        seeds: uint64 [2], not zero: of noise, and of all other random numbers.

    Returns:
        The loss summed over all pairs of a hidden and a target row, and the number of hidden rows.
    """
    keep, window, max_contexts, _, cbow, mean = context
    input_rows, output, width = matrices
    state = np.empty(1, np.uint64)
    state[0] = seeds[1]
    kept = _room(corpus, first, last, max_contexts)
    items, weights = kept
    rows = np.zeros(BLOCK, np.int64)
    targets = np.empty(objective.most_targets, np.int64)
    scores = np.zeros(GROUP * objective.most_targets + LANES, np.float32)
    hidden = np.zeros(2 * width, np.float32)
    scored = hidden if cbow else input_rows
    noise = _start_noise(objective, seeds[0])
    loss = 0.0
    n_hidden = 0
    step_size = np.float32(alpha)
    for session in range(first, last):
        n = _keep(corpus, session, keep, state, kept)
        in_circle = window == 0 and n > max_contexts + 1
        if in_circle:
            _shuffle_in_circle(kept, n, max_contexts, state)
        for center in range(n):
            for _ in range(_repetitions(weights, center, state)):
                low, high = _reach(center, n, context, in_circle, state)
                position = low
                while position < high:
                    if cbow:
                        n_rows, position = 1 if high - low > 1 else 0, high
                        _fill_hidden(items, low, high, center, mean, matrices, hidden)
                    else:
                        n_rows, position = _next_block(items, position, high, center, width, rows)
                    if n_rows == 0:
                        break
                    n_positive, n_targets = _targets(
                        items[center], objective, noise, matrices, targets
                    )
                    loss += _gradient(
                        scored,
                        rows,
                        n_rows,
                        output,
                        targets,
                        n_positive,
                        n_targets,
                        step_size,
                        width,
                        scores,
                    )
                    n_hidden += n_rows
                    if cbow:
                        _hand_back(items, low, high, center, mean, matrices, hidden)
    return loss, n_hidden


# Tables


@_compile
def alias_table(weights: NDArray[np.float64]) -> NDArray[np.uint32]:
    """The table for drawing item i with probability weights[i] / sum(weights) in constant time.

    Walker's method as of Vose (IEEE Trans. Softw. Eng. 17(9), 1991).

    Args:
        weights: float64 [items], positive.

    Returns:
        uint32 [items, 2]: draw an item uniformly; keep it when 32 random bits are below the first
        column, else take the second.
    """
    n = weights.size
    height = weights * (n / weights.sum())
    table = np.empty((n, 2), np.uint32)
    low = np.empty(n, np.int64)
    high = np.empty(n, np.int64)
    n_low = 0
    n_high = 0
    for item in range(n):
        if height[item] < 1.0:
            low[n_low] = item
            n_low += 1
        else:
            high[n_high] = item
            n_high += 1
    while n_low and n_high:
        n_low -= 1
        short = low[n_low]
        tall = high[n_high - 1]
        table[short, 0] = np.uint32(min(height[short] * 2.0**32, 2.0**32 - 1.0))
        table[short, 1] = tall
        height[tall] -= 1.0 - height[short]
        if height[tall] < 1.0:
            n_high -= 1
            low[n_low] = tall
            n_low += 1
    for i in range(n_low):
        table[low[i], 0] = np.uint32(2**32 - 1)
        table[low[i], 1] = low[i]
    for i in range(n_high):
        table[high[i], 0] = np.uint32(2**32 - 1)
        table[high[i], 1] = high[i]
    return table


@_compile
def huffman_tree(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """The Huffman tree over items, in linear time since the counts are sorted.

    Args:
        counts: int64 [items], descending, at least two.

    Returns:
        int64 [2 items - 1]: 2 * parent + label for each node; items are the first nodes, the root
        is the last. The label is 1 for a node's first (rarer) child. And the depth of the tree.
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
    return tree, depth.max()
