"""Fits the decay of a taste: how much the newest of the liked items counts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.queries import decayed
from service.model.recommender import Recommender
from trainer.corpus import Sessions

DECAYS = tuple(tenths / 10 for tenths in range(11))
NEWEST_SHARE = 0.1
MOST_CASES, FEWEST_CASES = 1_000, 200
COMPARISONS = 60_000_000  # of a case with an item, for each decay; fewer cases if there are more
LONGEST_PREFIX = 50
LIST_LENGTH = 20


class _Cases(NamedTuple):
    """Tastes, and an answer for each.

    prefixes: int32 [items of all tastes], the liked items, oldest first.
    offsets: int64 [cases + 1], see `service.model.ragged`.
    answers: int32 [cases].
    """

    prefixes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    answers: NDArray[np.int32]


def fit_decay(recommender: Recommender, sessions: Sessions, seed: int) -> dict[float, float]:
    """How well similar items predict the rest of the newest sessions, by decay.

    A case is an item of one of the newest sessions. The items before it in its session are the
    taste, at most the newest 50 of them; as in the service, they are never recommended. The model
    was trained on these sessions. That favors longer memories a little, but the decay found serves
    unseen sessions nearly as well as the best one, and needs no second training
    (`bench/similar.md`).

    Args:
        recommender: the trained model.
        sessions: the training sessions, oldest first.
        seed: draws the cases.

    Returns:
        The mean reciprocal rank within lists of 20 for every decay; empty if there is no case.
    """
    cases = _draw(sessions, len(recommender.artifact.item_ids), seed)
    if not len(cases.answers):
        return {}
    return {decay: _mean_reciprocal_rank(recommender, cases, decay) for decay in DECAYS}


def _draw(sessions: Sessions, catalogue: int, seed: int) -> _Cases:
    offsets = sessions.offsets
    newest = int((1 - NEWEST_SHARE) * len(sessions))
    places = np.arange(offsets[newest], offsets[-1])
    starts = offsets[np.searchsorted(offsets, places, side="right") - 1]
    eligible = np.flatnonzero(places > starts)
    n = min(max(COMPARISONS // catalogue, FEWEST_CASES), MOST_CASES, len(eligible))
    drawn = np.random.default_rng(seed).choice(eligible, n, replace=False)
    lengths = np.minimum(places[drawn] - starts[drawn], LONGEST_PREFIX)
    prefixes = sessions.items[ragged.places(places[drawn] - lengths, lengths)]
    return _Cases(prefixes, ragged.offsets_of(lengths), sessions.items[places[drawn]])


def _mean_reciprocal_rank(recommender: Recommender, cases: _Cases, decay: float) -> float:
    prefixes, offsets, answers = cases
    weights = decayed(offsets, decay)
    ranked, _ = recommender.rank(prefixes, offsets, weights, LIST_LENGTH + LONGEST_PREFIX)
    first_key = np.arange(len(answers)) * len(recommender.artifact.item_ids)
    liked = prefixes + first_key[ragged.owners(offsets)]
    allowed = ~np.isin(ranked + first_key[:, None], liked)
    places = np.cumsum(allowed, axis=1)
    hits = allowed & (ranked == answers[:, None]) & (places <= LIST_LENGTH)
    return float((hits / np.maximum(places, 1)).sum() / len(answers))
