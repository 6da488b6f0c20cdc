"""Slow, obvious twins of the kernels: float64 NumPy, one formula a line."""

import heapq
import math
from dataclasses import dataclass

import numpy as np

from trainer.word2vec.kernels.blocks import CENTERS, SPAN
from trainer.word2vec.kernels.shared_skip_gram import SHARED_SPAN, SPAN_OF_RUNS
from trainer.word2vec.kernels.tiles import MOST_ROWS

MASK = 2**64 - 1


class Xorshift64:
    """The random numbers of the kernels, with Python's integers."""

    def __init__(self, seed):
        self.x = int(seed)

    def bits(self):
        self.x ^= (self.x << 13) & MASK
        self.x ^= self.x >> 7
        self.x ^= (self.x << 17) & MASK
        return self.x

    def below(self, bound):
        return ((self.bits() >> 32) * bound) >> 32


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def loss(scores, labels):
    """Minus the log-likelihood of the labels: rows are hidden vectors, columns are targets."""
    return -np.sum(np.log(np.where(labels == 1, sigmoid(scores), sigmoid(-scores))))


def step(hidden, rows, output, targets, errors, together=False):
    """Moves targets pair by pair, then the hidden rows, by errors [rows, targets]."""
    before = hidden[rows].copy()
    steps = np.zeros_like(before)
    for target, errors_of_target in zip(targets, errors.T, strict=True):
        old = output[target].copy()
        for row, error in enumerate(errors_of_target):
            steps[row] += error * (old if together else output[target])
            output[target] += error * before[row]
    for row, moved in zip(rows, steps, strict=True):
        hidden[row] += moved


def groups(rows):
    """At most MOST_ROWS at a time; the last two groups have equal sizes, or nearly."""
    while rows:
        n = min(len(rows), MOST_ROWS)
        if MOST_ROWS < len(rows) <= 2 * MOST_ROWS:
            n = -(-len(rows) // 2)
        yield rows[:n]
        rows = rows[n:]


def gradient_step(hidden, rows, output, targets, labels, alpha):
    """The pairs of a group are scored first, then stepped; returns the loss before."""
    total = 0.0
    for group in groups(list(rows)):
        scores = hidden[group] @ output[targets].T
        step(hidden, group, output, targets, alpha * (labels - sigmoid(scores)))
        total += loss(scores, np.broadcast_to(labels, scores.shape))
    return total


@dataclass
class Setting:
    """What the kernels are told, in plain types."""

    window: int | str = 5
    max_contexts: int = 20
    shrink: bool = True
    cbow: bool = False
    mean: bool = True
    negative: int = 5
    shared: float = 0
    hierarchical: bool = False
    keep: list[int] | None = None
    alias: np.ndarray | None = None
    paths: list[tuple[list[int], list[int]]] | None = None
    weights: list[list[float]] | None = None


def noise_item(setting, noise):
    bits = noise.bits()
    item = ((bits >> 32) * len(setting.alias)) >> 32
    kept = (bits & 0xFFFFFFFF) < setting.alias[item, 0]
    return item if kept else int(setting.alias[item, 1])


def targets_of(center, setting, noise):
    if setting.hierarchical:
        rows, labels = setting.paths[center]
        path = sorted(zip(labels, rows, strict=True), reverse=True)
        return [row for _, row in path], [label for label, _ in path]
    drawn = [noise_item(setting, noise) for _ in range(setting.negative)]
    negatives = [item for item in drawn if item != center]
    return [center, *negatives], [1] + [0] * len(negatives)


def kept_events(sessions, setting, random):
    """The items of each session that are kept, in a circle if it is long, and their turns."""
    for number, session in enumerate(sessions):
        kept = []
        for place, item in enumerate(session):
            turns = 1
            if setting.weights:
                weight = setting.weights[number][place]
                turns = int(weight) + ((random.bits() >> 32) / 2**32 < weight % 1)
            if random.bits() >> 32 <= setting.keep[item]:
                kept.append((item, turns))
        in_circle = setting.window == "session" and len(kept) > setting.max_contexts + 1
        if in_circle:
            for last in range(len(kept) - 1, 0, -1):
                other = random.below(last + 1)
                kept[last], kept[other] = kept[other], kept[last]
        yield kept, in_circle


@dataclass
class Center:
    """An item, and the items of its context with their positions in the chunk."""

    item: int
    contexts: dict[int, int]
    reach: tuple[int, int]


def centers_of(sessions, setting, random):
    """Every center of a chunk, in order."""
    begin = 0
    for kept, in_circle in list(kept_events(sessions, setting, random)):
        n, overlap = len(kept), setting.max_contexts if in_circle else 0
        items = [item for item, _ in kept + kept[:overlap]]
        for place, (item, turns) in enumerate(kept):
            for _ in range(turns):
                low, high = 0, n
                if in_circle:
                    low, high = place, place + overlap + 1
                elif setting.window != "session":
                    window = setting.window
                    reach = 1 + random.below(window) if setting.shrink else window
                    low, high = max(0, place - reach), min(n, place + reach + 1)
                near = {begin + at: items[at] for at in range(low, high) if at != place}
                yield Center(item, near, (begin + low, begin + high))
        begin += len(items)


def parts_of(block, span):
    """The positions that the contexts of a block reach, `span` at a time."""
    low = min(center.reach[0] for center in block)
    high = max(center.reach[1] for center in block)
    for first in range(low, high, span):
        yield range(first, min(first + span, high))


def train(sessions, vectors, output, setting, alpha, seeds):
    """Trains both matrices in place; returns the loss and the number of hidden rows."""
    noise, random = map(Xorshift64, seeds)
    centers = list(centers_of(sessions, setting, random))
    total, pairs = 0.0, 0
    while centers:
        shares = setting.shared and not setting.hierarchical and not setting.cbow
        block, span = centers[:CENTERS], SHARED_SPAN if shares else SPAN
        if shares:
            items = [center.item for center in block]
            block = [center for n, center in enumerate(block) if len({*items[: n + 1]}) == n + 1]
            if len(block) == 1 < len(centers):
                span = SPAN_OF_RUNS
        centers = centers[len(block) :]
        if setting.cbow:
            results = [cbow_step(vectors, block, output, setting, noise, alpha)]
        else:
            train_part = shared_step if shares else skip_gram_step
            results = [
                train_part(vectors, block, part, output, setting, noise, alpha)
                for part in parts_of(block, span)
            ]
        total += sum(result for result, _ in results)
        pairs += sum(n for _, n in results)
    return total, pairs


def skip_gram_step(vectors, block, part, output, setting, noise, alpha):
    targets = [targets_of(center.item, setting, noise) for center in block]
    total, pairs = 0.0, 0
    for center, (rows, labels) in zip(block, targets, strict=True):
        contexts = [item for at, item in center.contexts.items() if at in part]
        total += gradient_step(vectors, contexts, output, rows, np.array(labels), alpha)
        pairs += len(contexts)
    return total, pairs


def shared_step(vectors, block, part, output, setting, noise, alpha):
    """The items of the part and the noise are targets, with weights, of all centers of a block."""
    items = {at: item for center in block for at, item in center.contexts.items() if at in part}
    positions = sorted(items)
    is_context = np.array([[at in center.contexts for at in positions] for center in block])
    n = math.ceil(setting.negative * is_context.sum() / len(block) / setting.shared)
    negatives = [noise_item(setting, noise) for _ in range(n)]
    targets = [items[at] for at in positions] + negatives
    labels = np.array([1] * len(positions) + [0] * n)
    share = is_context.sum(axis=1, keepdims=True) * setting.negative / max(n, 1)
    weights = np.hstack([is_context, np.repeat(share, n, axis=1)])
    rows = [center.item for center in block]
    scores = vectors[rows] @ output[targets].T
    errors = alpha * weights * (labels - sigmoid(scores))
    step(vectors, rows, output, targets, errors, together=True)
    losses = -np.log(np.where(labels == 1, sigmoid(scores), sigmoid(-scores)))
    return np.sum(weights * losses), is_context.sum()


def cbow_step(vectors, block, output, setting, noise, alpha):
    """All centers of a block are scored before any of them is stepped."""
    block = [center for center in block if center.contexts]
    contexts = [list(center.contexts.values()) for center in block]
    targets = [targets_of(center.item, setting, noise) for center in block]
    shares = [1 / len(items) for items in contexts]
    hidden = [
        vectors[items].sum(axis=0) * (share if setting.mean else 1)
        for items, share in zip(contexts, shares, strict=True)
    ]
    scores = [row @ output[rows].T for row, (rows, _) in zip(hidden, targets, strict=True)]
    total = 0.0
    for items, share, row, scored, (rows, labels) in zip(
        contexts, shares, hidden, scores, targets, strict=True
    ):
        total += loss(scored, np.array(labels))
        errors = alpha * (np.array(labels) - sigmoid(scored))
        moved = row[None, :].copy()
        step(moved, [0], output, rows, errors[None, :])
        for item in items:
            vectors[item] += (moved[0] - row) * (1 if setting.mean else share)
    return total, len(block)


def huffman_cost(counts):
    """The total length of an optimal prefix code, by the textbook's priority queue."""
    heap = sorted(int(count) for count in counts)
    cost = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    return cost
