"""The `Ranker` interface that every compared model implements, and the ranks of answers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.splits import Cases

NOTHING = -1
MISSED = np.iinfo(np.int64).max
PLACES_PER_BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Ranked:
    """The best items of each case, best first.

    Attributes:
        items: int32 [cases, k], vocabulary rows; a list shorter than k ends with -1.
        scores: float32 [cases, k]; -inf where there is no item.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]


class Ranker(Protocol):
    """Anything that recommends what comes next."""

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items of the whole catalogue, those of the prefix included."""
        ...


def rank_unseen(ranker: Ranker, cases: Cases, k: int) -> Ranked:
    """The k best items that are not in the prefix, by any ranker.

    A case loses at most as many answers as its prefix has items, so at least that many more than k
    are requested. Cases with prefixes of about the same length are ranked together.
    """
    items = np.full((len(cases), k), NOTHING, np.int32)
    scores = np.full((len(cases), k), -np.inf, np.float32)
    extra = np.exp2(np.ceil(np.log2(np.maximum(cases.stops - cases.starts, 1)))).astype(np.int64)
    for width in np.unique(extra).tolist():
        group = np.flatnonzero(extra == width)
        step = max(1, PLACES_PER_BLOCK // (k + width))
        for first in range(0, len(group), step):
            block = group[first : first + step]
            block_cases = cases.take(block)
            ranked = _without_prefix(ranker.rank(block_cases, k + width), block_cases, k)
            items[block], scores[block] = ranked.items, ranked.scores
    return Ranked(items, scores)


def _without_prefix(ranked: Ranked, cases: Cases, k: int) -> Ranked:
    prefixes = cases.prefixes()
    case = prefixes.owners()
    stride = max(int(ranked.items.max(initial=0)), int(prefixes.items.max(initial=0))) + 1
    pairs = np.arange(len(cases))[:, None] * stride + ranked.items
    dropped = (ranked.items == NOTHING) | np.isin(pairs, case * stride + prefixes.items)
    order = np.argsort(dropped, axis=1, kind="stable")[:, :k]
    empty = np.take_along_axis(dropped, order, axis=1)
    items = np.where(empty, np.int32(NOTHING), np.take_along_axis(ranked.items, order, axis=1))
    scores = np.where(empty, np.float32(-np.inf), np.take_along_axis(ranked.scores, order, axis=1))
    return Ranked(items, scores)


def answer_ranks(ranked: Ranked, answers: NDArray[np.int32]) -> NDArray[np.int64]:
    """The rank of each answer, from 0; ties count against the model.

    The rank is the number of *other* items that score at least as high as the answer. The k + 1
    best items are enough to know every rank below k. An answer outside the list has k + 1 others
    ahead of it or tied with it. An answer in the list that ties with place k + 1 has at least k.
    And an answer that scores higher than place k + 1 has all its ties in the list.

    Args:
        ranked: lists of k + 1 items.
        answers: int32 [cases], -1 where the answer is not in the catalogue.

    Returns:
        int64 [cases], MISSED where the rank is k or more.
    """
    is_answer = (ranked.items == answers[:, None]) & (answers[:, None] != NOTHING)
    score = np.where(is_answer, ranked.scores, -np.inf).max(axis=1, initial=-np.inf)
    ranks = np.count_nonzero(ranked.scores >= score[:, None], axis=1) - 1
    hit = is_answer.any(axis=1) & (ranks < ranked.items.shape[1] - 1)
    return np.where(hit, ranks, MISSED)
