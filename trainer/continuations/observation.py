"""What came next in sessions that were held out, among all that could have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.queries import powers
from service.model.voices import VOICES, Voices
from trainer.continuations.likelihood import ROWS_PER_BLOCK, Alternatives
from trainer.corpus import Sessions

OTHERS = 3  # features of all items that are no candidates: a constant, log length and trust


@dataclass(frozen=True, eq=False)
class Observed:
    """Cases: the beginning of a session, and the item that came next.

    Attributes:
        alternatives: all items that are no candidates, as the first alternative, then the
            candidates. Their features are the voices, scaled, and those of OTHERS.
        scales: float32 [features], what they were divided by.
        is_own: bool [alternatives], whether it is an item of the session.
        lengths: int64 [cases], of the sessions, at most as many items as have a vote.
        sessions: int64 [cases].
    """

    alternatives: Alternatives
    scales: NDArray[np.float32]
    is_own: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    sessions: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of cases."""
        return len(self.lengths)


def observe(voices: Voices, sessions: Sessions, decay: float, most: int, seed: int) -> Observed:
    """Cases of some sessions, drawn at random if there are many.

    Args:
        voices: of a model that knows nothing of the sessions.
        sessions: what is observed.
        decay: the share of its weight an item keeps per step back.
        most: how many cases at most.
        seed: draws them.
    """
    return observe_at(voices, sessions, decay, draw(sessions, most, seed))


def observe_at(
    voices: Voices, sessions: Sessions, decay: float, places: NDArray[np.int64]
) -> Observed:
    """The cases whose answers are at some places.

    Args:
        voices: of a model that knows nothing of the answers.
        sessions: what is observed.
        decay: the share of its weight an item keeps per step back.
        places: int64 [cases], ascending, events that others precede in their session.
    """
    owners = np.searchsorted(sessions.offsets, places, side="right") - 1
    starts = np.maximum(sessions.offsets[owners], places - voices.last_items)
    features: list[NDArray[np.float32]] = []
    own: list[NDArray[np.int64]] = []
    chosen = np.zeros(len(places), np.int64)
    lengths = np.zeros(len(places), np.int64)
    for case, (start, place) in enumerate(zip(starts.tolist(), places.tolist(), strict=True)):
        prefix = sessions.items[start:place]
        weights = powers(decay, np.arange(place - start - 1, -1, -1))
        candidates = voices.candidates(prefix, weights)
        assert candidates is not None
        rows = np.zeros((1 + len(candidates.items), len(VOICES) + OTHERS), np.float32)
        rows[1:, :-OTHERS] = candidates.voices.T
        rows[0, -OTHERS:] = 1, np.log(candidates.length), candidates.trust
        features.append(rows)
        own.append(1 + candidates.own)
        is_answer = candidates.items == sessions.items[place]
        chosen[case] = 1 + is_answer.argmax() if is_answer.any() else 0
        lengths[case] = candidates.length
    offsets = ragged.offsets_of(np.array([len(rows) for rows in features]))
    is_own = np.zeros(offsets[-1], np.bool_)
    for first, rows_of_case in zip(offsets[:-1].tolist(), own, strict=True):
        is_own[first + rows_of_case] = True
    flat = np.concatenate(features)
    features.clear()
    scales = np.maximum(_deviations(flat), 1e-6).astype(np.float32)
    scales[-OTHERS:] = 1
    flat /= scales
    return Observed(
        alternatives=Alternatives(flat, offsets[:-1], offsets[:-1] + chosen, np.zeros_like(is_own)),
        scales=scales,
        is_own=is_own,
        lengths=lengths,
        sessions=owners,
    )


def draw(sessions: Sessions, most: int, seed: int) -> NDArray[np.int64]:
    """Places of events that others precede in their session, ascending."""
    firsts = sessions.offsets[:-1][sessions.lengths() > 0]
    eligible = np.delete(np.arange(len(sessions.items)), firsts)
    n = min(most, len(eligible))
    places: NDArray[np.int64] = np.random.default_rng(seed).choice(eligible, n, replace=False)
    return np.sort(places)


def _deviations(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The standard deviation of each feature, without a copy of all of them."""
    sums, squares = np.zeros((2, features.shape[1]))
    for first in range(0, len(features), ROWS_PER_BLOCK):
        block = features[first : first + ROWS_PER_BLOCK].astype(np.float64)
        sums += block.sum(axis=0)
        squares += np.square(block).sum(axis=0)
    mean = sums / len(features)
    deviations: NDArray[np.float64] = np.sqrt(np.maximum(squares / len(features) - mean**2, 0))
    return deviations
