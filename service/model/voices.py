"""Which items may come next, and what speaks for each of them: its voices.

Training, evaluation and the service rank by the same candidates and voices. A voice is a number,
such as the logarithm of the votes of the table; `service.model.logit` weighs them.
"""

import math
import threading
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.continuations import Continuations
from service.model.logit import CandidateSettings
from service.model.sequences import ENDINGS, Shares, key
from service.model.similarity import CANCELLED

# Votes are counted three times: with the weights of the session's items to these powers. At the
# default decay of .5 they are worth decays of .2, .5 and 1.
POWERS = np.array([[np.log(0.2) / np.log(0.5)], [1.0], [0.0]], np.float32)
NEWEST, RECENT, WHOLE = range(3)

VOICES = (
    "votes, newest",
    "votes, recent",
    "votes, whole session",
    "rank by votes",
    "rank by cosine",
    "votes, newest, above others",
    "votes by trust",
    "votes by length",
    "largest cosine",
    "cosine with the session",
    "frequency",
    "recent frequency",
    "frequency by trust",
    "after the last item",
    "after the last two",
    "after the last and the third last",
    "is the last item",
    "is the item before",
    "is an earlier item",
    "times in the session",
    "repeats in the session",
)
(
    VOTES_NEWEST,
    VOTES_RECENT,
    VOTES_WHOLE,
    RANK_BY_VOTES,
    RANK_BY_COSINE,
    VOTES_ABOVE,
    VOTES_BY_TRUST,
    VOTES_BY_LENGTH,
    LARGEST_COSINE,
    MEAN_COSINE,
    FREQUENCY,
    RECENT_FREQUENCY,
    FREQUENCY_BY_TRUST,
    AFTER_LAST,
    AFTER_TWO,
    AFTER_APART,
    IS_LAST,
    IS_BEFORE,
    IS_EARLIER,
    TIMES,
    REPEATS,
) = range(len(VOICES))

TINY = np.finfo(np.float32).tiny
LEAST_VOTES, VOTES_OF_NOISE = np.float32(1e-5), np.float32(1e-2)  # added within logarithms
SHARES = np.float32(1000)  # the share s of a sequence counts log(1 + 1000 s)
TRUST = np.float32(0.1)  # of the logarithm of the last item's occurrences


class Candidates(NamedTuple):
    """Items that may come next after one session.

    Attributes:
        items: int32 [candidates]: the session's own, what came after its last items, and
            what got the most votes.
        voices: float32 [voices, candidates].
        own: int [items of the session], where each is among the candidates, newest first.
        length: how many items the session has.
        trust: the logarithm of one more than the occurrences of its last item.
        pool: all items that anything speaks for.
        chosen: int64 [candidates], where the candidates are in the pool.
    """

    items: NDArray[np.int32]
    voices: NDArray[np.float32]
    own: NDArray[np.int64]
    length: int
    trust: float
    pool: "Pool"
    chosen: NDArray[np.int64]

    @property
    def others(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Further items with votes, int32, and their votes, float32."""
        votes = self.pool.votes[RECENT].copy()
        votes[self.chosen] = 0
        left = votes > 0
        return self.pool.items[left].astype(np.int32), votes[left]


class Voices:
    """Finds candidates and lets their voices speak. Threads can share it.

    Args:
        units: float32 [items, vector_size], unit vectors.
        counts: int64 [items], occurrences in training.
        continuations: what comes next, by the table and after sequences.
        settings: how many items are weighed.
    """

    def __init__(
        self,
        units: NDArray[np.float32],
        counts: NDArray[np.int64],
        continuations: Continuations,
        settings: CandidateSettings,
    ) -> None:
        self._units = units
        self._counts = counts
        self._next = continuations
        self._most = (settings.newest, settings.recent, settings.whole)
        self._scratch = threading.local()

    @property
    def last_items(self) -> int:
        """How many newest items of a session count."""
        return self._next.settings.last_items

    def candidates(
        self, items: NDArray[np.integer[Any]], weights: NDArray[np.float32]
    ) -> Candidates | None:
        """What may come next after a session; None if no item of it is liked.

        Args:
            items: int [at least one], newest last; of a longer session its last items count.
            weights: float32, the weight of each, of which only the proportion counts; one of weight
                0 has no vote, one below 0 votes against, and what is left with no more than 0 is
                no candidate for its votes.
        """
        last = self.last_items
        items, weights = items[-last:][::-1], weights[-last:][::-1]
        is_heard = weights != 0
        items, weights = items[is_heard], weights[is_heard]
        is_liked = weights > 0
        session = items[is_liked]
        if not len(session):
            return None
        weights = weights / np.abs(weights).max()
        liked = weights[is_liked]
        pool = self._pool(items, weights, session)
        is_chosen = np.zeros(len(pool.items), np.bool_)
        for votes, most in zip(pool.votes, self._most, strict=True):
            is_chosen |= _most_voted(votes, most)
        if len(session) < len(items):
            is_chosen &= pool.votes[RECENT] > 0
        is_chosen[pool.listed] = True
        return self._speak(pool, is_chosen.nonzero()[0], session, liked)

    def _pool(
        self,
        items: NDArray[np.integer[Any]],
        weights: NDArray[np.float32],
        session: NDArray[np.integer[Any]],
    ) -> "Pool":
        """All items that anything speaks for, each once."""
        table, scores, borders = self._next.table.items, self._next.scores, self._borders
        lists = [slice(borders[item], borders[item + 1]) for item in items.tolist()]
        after = self._after(session.tolist())
        entries = np.concatenate(
            [session, *(row for row, _ in after), *(table[part] for part in lists)], dtype=np.int64
        )
        slots, numbers = self._slots, np.arange(len(entries), dtype=np.int32)
        slots[entries] = numbers
        pool = entries[slots.take(entries) == numbers]  # the last entry of each item
        slots[pool] = numbers[: len(pool)]
        places = slots.take(entries)
        listed = len(session) + sum(len(row) for row, _ in after)
        votes = np.concatenate([scores[part] for part in lists]) * np.repeat(
            _powers(weights), [part.stop - part.start for part in lists], axis=1
        )
        sums = np.empty((len(POWERS), len(pool)), np.float32)
        for row, voted in zip(sums, votes, strict=True):
            row[:] = np.bincount(places[listed:], voted, len(pool))
        if len(session) < len(items):
            # What is left of likes and dislikes that cancel out, up to rounding, is no vote.
            sums[sums <= CANCELLED * np.abs(votes).sum(axis=1, keepdims=True)] = 0
        return Pool(pool, sums, places[:listed], after)

    def _after(self, session: list[int]) -> list[Shares]:
        """What came after the last items, as the voices AFTER_... in their order have it."""
        before = (0, *session[1:])
        return [
            self._next.sequences.after(key(ending, first, session[0], len(self._counts)))
            for ending, first in zip(ENDINGS, before, strict=False)
        ]

    def _speak(
        self,
        pool: "Pool",
        chosen: NDArray[np.int64],
        session: NDArray[np.integer[Any]],
        liked: NDArray[np.float32],
    ) -> Candidates:
        """The voices of those of the pool that are chosen, of a session and its weights."""
        items = pool.items[chosen]
        places = chosen.searchsorted(pool.listed)
        own = places[: len(session)]
        trust = float(self._frequencies[session[0]])
        voices = np.zeros((len(VOICES), len(items)), np.float32)
        totals = np.maximum(pool.votes.sum(axis=1, keepdims=True), TINY)
        self._vote(voices, pool.votes.take(chosen, axis=1) / totals, len(session), trust)
        self._compare(voices, items, session, liked)
        voices[FREQUENCY] = self._frequencies[items]
        voices[RECENT_FREQUENCY] = self._recent_frequencies[items]
        voices[FREQUENCY_BY_TRUST] = voices[FREQUENCY] * (TRUST * trust)
        first = len(session)
        for voice, (row, shares) in enumerate(pool.after, start=AFTER_LAST):
            if len(row):
                voices[voice, places[first : first + len(row)]] = np.log1p(SHARES * shares)
                first += len(row)
        _remember(voices, own)
        return Candidates(items.astype(np.int32), voices, own, len(session), trust, pool, chosen)

    def _vote(
        self, voices: NDArray[np.float32], votes: NDArray[np.float32], length: int, trust: float
    ) -> None:
        np.log(votes + LEAST_VOTES, out=voices[VOTES_NEWEST : VOTES_WHOLE + 1])
        voices[RANK_BY_VOTES] = _ranks(votes[RECENT])
        np.log(votes[NEWEST] + VOTES_OF_NOISE, out=voices[VOTES_ABOVE])
        np.multiply(voices[VOTES_NEWEST], TRUST * trust, out=voices[VOTES_BY_TRUST])
        np.multiply(voices[VOTES_RECENT], math.log(length), out=voices[VOTES_BY_LENGTH])

    def _compare(
        self,
        voices: NDArray[np.float32],
        items: NDArray[np.int64],
        session: NDArray[np.integer[Any]],
        liked: NDArray[np.float32],
    ) -> None:
        units = self._units[session]
        taste = liked @ units
        # Copied, since columns that are contiguous are quicker to multiply with and to compare.
        cosines = (self._units[items] @ units.T.copy()).T.copy()
        np.maximum.reduce(cosines, axis=0, out=voices[LARGEST_COSINE])
        length = max(math.sqrt(taste @ taste), 1e-9)
        np.matmul(liked / np.float32(length), cosines, out=voices[MEAN_COSINE])
        voices[RANK_BY_COSINE] = _ranks(voices[MEAN_COSINE])

    @cached_property
    def _frequencies(self) -> NDArray[np.float32]:
        """The logarithm of one more than the occurrences of each item."""
        return np.log1p(self._counts, dtype=np.float32)

    @cached_property
    def _recent_frequencies(self) -> NDArray[np.float32]:
        return np.log1p(self._next.recent, dtype=np.float32)

    @cached_property
    def _borders(self) -> memoryview:
        return self._next.table.offsets.data

    @property
    def _slots(self) -> NDArray[np.int32]:
        """A number for each item, scratch of this thread; nothing is known of its content."""
        if not hasattr(self._scratch, "slots"):
            self._scratch.slots = np.empty(len(self._counts), np.int32)
        slots: NDArray[np.int32] = self._scratch.slots
        return slots


class Pool(NamedTuple):
    """All items that anything speaks for.

    Attributes:
        items: int64 [pool], each once.
        votes: float32 [3, pool], by NEWEST, RECENT and WHOLE.
        listed: int32, where the session's items and those of `after` are, in that order.
        after: what came after each of ENDINGS.
    """

    items: NDArray[np.int64]
    votes: NDArray[np.float32]
    listed: NDArray[np.int32]
    after: list[Shares]


def _powers(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights to POWERS, with their signs, float32 [3, items]."""
    powers: NDArray[np.float32] = np.abs(weights) ** POWERS
    return powers * np.sign(weights)


def _most_voted(votes: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """Which items have the most votes; all that have as many as the last of them."""
    if most >= len(votes):
        return np.ones(len(votes), np.bool_)
    are_most: NDArray[np.bool_] = votes >= np.partition(votes, -most)[-most]
    return are_most


def _ranks(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logarithm of each place, the best being 1 + 0."""
    ranks = np.empty(len(scores), np.float32)
    ranks[np.argsort(-scores)] = _logarithms(len(scores))
    return ranks


@lru_cache(maxsize=1 << 10)
def _logarithms(n: int) -> NDArray[np.float32]:
    logarithms: NDArray[np.float32] = np.log1p(np.arange(n, dtype=np.float32))
    return logarithms


def _remember(voices: NDArray[np.float32], own: NDArray[np.int64]) -> None:
    """Lets the session's items say where and how often they occurred in it."""
    times = np.bincount(own, minlength=voices.shape[1])
    distinct = np.count_nonzero(times)
    voices[TIMES] = np.log1p(times)
    voices[REPEATS, own] = 1 - distinct / len(own)
    voices[IS_EARLIER, own[2:]] = 1
    voices[IS_BEFORE, own[1:2]] = 1
    voices[IS_EARLIER, own[:2]] = 0
    voices[IS_LAST, own[0]] = 1
    voices[IS_BEFORE, own[0]] = 0
