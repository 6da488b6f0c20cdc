"""Slow, obvious twins of the kernels: float64 NumPy, one formula a line."""

import heapq
from dataclasses import dataclass

import numpy as np

from trainer.word2vec.kernels.gradient import GROUP
from trainer.word2vec.kernels.hidden import BLOCK

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


def gradient_step(hidden, rows, output, targets, labels, alpha):
    """The pairs of a group are scored first, then stepped in order; returns the loss before."""
    total = 0.0
    for first in range(0, len(rows), GROUP):
        group = rows[first : first + GROUP]
        scores = hidden[group] @ output[targets].T
        errors = alpha * (labels - sigmoid(scores))
        for row, errors_of_row in zip(group, errors, strict=True):
            before = hidden[row].copy()
            for target, error in zip(targets, errors_of_row, strict=True):
                hidden[row] += error * output[target]
                output[target] += error * before
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
    hierarchical: bool = False
    keep: list[int] | None = None
    alias: np.ndarray | None = None
    paths: list[tuple[list[int], list[int]]] | None = None
    weights: list[list[float]] | None = None


def targets_of(center, setting, noise):
    if setting.hierarchical:
        return setting.paths[center]
    targets, labels = [center], [1]
    for _ in range(setting.negative):
        bits = noise.bits()
        item = ((bits >> 32) * len(setting.alias)) >> 32
        if (bits & 0xFFFFFFFF) >= setting.alias[item, 0]:
            item = int(setting.alias[item, 1])
        if item != center:
            targets.append(item)
            labels.append(0)
    return targets, labels


def contexts_of(center, kept, setting, circle, random):
    n = len(kept)
    if circle:
        positions = [(center + 1 + i) % n for i in range(setting.max_contexts)]
    elif setting.window == "session":
        positions = [i for i in range(n) if i != center]
    else:
        reach = 1 + random.below(setting.window) if setting.shrink else setting.window
        near = range(max(0, center - reach), min(n, center + reach + 1))
        positions = [i for i in near if i != center]
    return [kept[i] for i in positions]


def turns(weights, random):
    """Every position as often as its weight says: rounded up by chance, else down."""
    for position, weight in enumerate(weights):
        whole = int(weight)
        extra = (random.bits() >> 32) / 2**32 < weight - whole
        for _ in range(whole + extra):
            yield position


def train(sessions, vectors, output, setting, alpha, seeds):
    """Trains both matrices in place; returns the loss and the number of hidden rows."""
    noise, random = map(Xorshift64, seeds)
    total, hidden_rows = 0.0, 0
    for number, session in enumerate(sessions):
        places = [
            place for place, item in enumerate(session) if random.bits() >> 32 <= setting.keep[item]
        ]
        circle = setting.window == "session" and len(places) > setting.max_contexts + 1
        if circle:
            for last in range(len(places) - 1, 0, -1):
                other = random.below(last + 1)
                places[last], places[other] = places[other], places[last]
        kept = [session[place] for place in places]
        centers = range(len(kept))
        if setting.weights:
            centers = turns([setting.weights[number][place] for place in places], random)
        for position in centers:
            center = kept[position]
            contexts = contexts_of(position, kept, setting, circle, random)
            if not contexts:
                continue
            if setting.cbow:
                scored = targets_of(center, setting, noise)
                total += cbow_step(vectors, contexts, output, scored, setting, alpha)
                hidden_rows += 1
                continue
            for start in range(0, len(contexts), BLOCK):
                block = contexts[start : start + BLOCK]
                targets, labels = targets_of(center, setting, noise)
                total += gradient_step(vectors, block, output, targets, np.array(labels), alpha)
                hidden_rows += len(block)
    return total, hidden_rows


def cbow_step(vectors, contexts, output, scored, setting, alpha):
    targets, labels = scored
    hidden = vectors[contexts].sum(axis=0, keepdims=True)
    if setting.mean:
        hidden /= len(contexts)
    before = hidden.copy()
    result = gradient_step(hidden, [0], output, targets, np.array(labels), alpha)
    step = (hidden - before)[0]
    for item in contexts:
        vectors[item] += step if setting.mean else step / len(contexts)
    return result


def huffman_cost(counts):
    """The total length of an optimal prefix code, by the textbook's priority queue."""
    heap = sorted(int(count) for count in counts)
    cost = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    return cost
