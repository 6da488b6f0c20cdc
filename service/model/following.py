"""Ranks what comes next after a session: by the weighed voices, or by the votes of the table."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.continuations import Continuations, Votes
from service.model.logit import Logit
from service.model.voices import Candidates, Voices

LEAST = 1e-30
Session = NDArray[np.integer[Any]]


class Following:
    """Ranks what comes next. Threads can share it.

    Args:
        continuations: the table, and what else is known.
        units: float32 [items, vector_size], unit vectors.
        counts: int64 [items], occurrences in training.
    """

    def __init__(
        self,
        continuations: Continuations,
        units: NDArray[np.float32],
        counts: NDArray[np.int64],
    ) -> None:
        self._next = continuations
        self._units = units
        self._counts = counts

    def ranked(
        self,
        session: Session,
        weights: NDArray[np.float32],
        n: int | None = None,
        *,
        allow_seen: bool = False,
    ) -> Votes:
        """What comes after a session.

        Args:
            session: int [items], newest last.
            weights: float32, one per item, below 0 for one that votes against; see `Voices`.
            n: how many items at most; all by default.
            allow_seen: whether items of the session may come next; where they may not, the answer
                can hold them all the same if the table alone speaks.

        Returns:
            Items (int32), best first, ties in row order, and how probable each is (float32); by the
            table alone, its share of the votes.
        """
        logit = self.weighed(allow_seen=allow_seen)
        if logit is None:
            return self._next.votes(session, weights, n)
        candidates = self.candidates(session, weights)
        if candidates is None:
            return _NOTHING
        items, scores, left = _probable(logit, candidates, allow_seen=allow_seen)
        if n is not None and n < len(items):
            contenders = scores >= np.partition(scores, -n)[-n]
            items, scores = items[contenders], scores[contenders]
        order = np.lexsort((items, -scores))[:n]
        items, scores = items[order], scores[order]
        if n is not None and n <= len(items):
            return items, scores
        return _with_others(items, scores, candidates.others, left, n)

    def weighed(self, *, allow_seen: bool) -> Logit | None:
        """The weights of the voices; None where the table alone answers."""
        logit = self._next.settings.logit
        return logit if logit is not None and logit.speaks(allow_seen=allow_seen) else None

    def candidates(self, session: Session, weights: NDArray[np.float32]) -> Candidates | None:
        """What may come next, with its voices; see `Voices.candidates`."""
        if not len(session):
            return None
        return self._voices.candidates(session, weights)

    @cached_property
    def _voices(self) -> Voices:
        logit = self._next.settings.logit
        assert logit is not None
        return Voices(self._units, self._counts, self._next, logit.candidates)


def eligible(
    candidates: Candidates, *, allow_seen: bool
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The candidates that may come next, and their voices."""
    if allow_seen:
        return candidates.items, candidates.voices
    is_new = np.ones(len(candidates.items), np.bool_)
    is_new[candidates.own] = False
    return candidates.items[is_new], candidates.voices[:, is_new]


def _probable(
    logit: Logit, candidates: Candidates, *, allow_seen: bool
) -> tuple[NDArray[np.int32], NDArray[np.float32], float]:
    """The candidates, their probabilities, and that of all other items."""
    scores, left = logit.probabilities(
        candidates.voices,
        candidates.length,
        candidates.trust,
        allow_seen=allow_seen,
        banned=None if allow_seen else candidates.own,
    )
    if allow_seen:
        return candidates.items, scores, left
    is_new = np.ones(len(scores), np.bool_)
    is_new[candidates.own] = False
    return candidates.items[is_new], scores[is_new], left


def _with_others(
    items: NDArray[np.int32],
    scores: NDArray[np.float32],
    others: Votes,
    left: float,
    n: int | None,
) -> Votes:
    """The candidates, then all others by votes, which share the probability that is left."""
    more, votes = others
    order = np.lexsort((more, -votes))[: None if n is None else n - len(items)]
    more, votes = more[order], votes[order]
    total = float(others[1].sum())
    least = float(scores[-1]) if len(scores) else 1.0
    shares = np.minimum(votes * (left / max(total, LEAST)), least).astype(np.float32)
    return np.concatenate([items, more]), np.concatenate([scores, shares])


_NOTHING = np.empty(0, np.int32), np.empty(0, np.float32)
