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
        items: int32 [cases, k], vocabulary rows; -1 once there are no more, never before.
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

    No more of its answers can be dropped than the prefix has items, so each case is asked for that
    many more than k; cases of about the same length are asked together.
    """
    items = np.full((len(cases), k), NOTHING, np.int32)
    scores = np.full((len(cases), k), -np.inf, np.float32)
    extra = np.exp2(np.ceil(np.log2(np.maximum(cases.stops - cases.starts, 1)))).astype(np.int64)
    for width in np.unique(extra).tolist():
        alike = np.flatnonzero(extra == width)
        step = max(1, PLACES_PER_BLOCK // (k + width))
        for first in range(0, len(alike), step):
            which = alike[first : first + step]
            asked = cases.take(which)
            found = _without_prefix(ranker.rank(asked, k + width), asked, k)
            items[which], scores[which] = found.items, found.scores
    return Ranked(items, scores)


def _without_prefix(ranked: Ranked, cases: Cases, k: int) -> Ranked:
    prefixes = cases.prefixes()
    case = prefixes.owners()
    most = max(int(ranked.items.max(initial=0)), int(prefixes.items.max(initial=0))) + 1
    pairs = np.arange(len(cases))[:, None] * most + ranked.items
    dropped = (ranked.items == NOTHING) | np.isin(pairs, case * most + prefixes.items)
    order = np.argsort(dropped, axis=1, kind="stable")[:, :k]
    gone = np.take_along_axis(dropped, order, axis=1)
    items = np.where(gone, np.int32(NOTHING), np.take_along_axis(ranked.items, order, axis=1))
    scores = np.where(gone, np.float32(-np.inf), np.take_along_axis(ranked.scores, order, axis=1))
    return Ranked(items, scores)


def answer_ranks(ranked: Ranked, answers: NDArray[np.int32]) -> NDArray[np.int64]:
    """The place of each answer, from 0, ties counting against the model.

    The rank is the number of *other* items whose score is at least the answer's. The k + 1 best
    are enough to know every rank below k: an answer outside the list has k + 1 others before or
    beside it; an answer in the list whose score is also that of place k + 1 has at least k; and an
    answer of a better score than place k + 1 has all its ties in the list.

    Args:
        ranked: lists of k + 1.
        answers: int32 [cases], -1 where the answer is not in the catalogue.

    Returns:
        int64 [cases], MISSED where the rank is k or more.
    """
    own = (ranked.items == answers[:, None]) & (answers[:, None] != NOTHING)
    score = np.where(own, ranked.scores, -np.inf).max(axis=1, initial=-np.inf)
    ranks = np.count_nonzero(ranked.scores >= score[:, None], axis=1) - 1
    found = own.any(axis=1) & (ranks < ranked.items.shape[1] - 1)
    return np.where(found, ranks, MISSED)
