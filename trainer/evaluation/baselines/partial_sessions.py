"""Sums over all ways to split the sessions into a past and a future, for SLIST."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.corpus import Sessions
from trainer.evaluation.baselines.sparse import add_pairs

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class PartialSessions:
    """Every session of n items, split in n - 1 ways into what came first and what came after.

    Split after position t, the past of a session has a weight of past ** (t - s) for the item at
    s <= t, divided by the sum of these weights. Its future has future ** (u - t - 1) for the item
    at u > t. A repeated item has the sum of its weights. One row per split makes the matrices S
    and T of SLIT. They would have as many entries as the squares of the lengths of all sessions,
    so their products are summed pair by pair here, from the closest pairs to those so far apart
    that their weight is beyond the precision of the sums.

    Attributes:
        sessions: the training sessions.
        weights: float [sessions], of every split of a session.
        past: the share of its weight that an item of the past keeps per step back; 0 keeps the
            last item only.
        future: the share of its weight that an item of the future keeps per step ahead.
    """

    sessions: Sessions
    weights: Floats
    past: float
    future: float

    def add_gram(self, out: Floats, scale: float) -> None:
        """Adds scale * S^T W S to float [items, items].

        The pair of the items at s <= s' has the sum, over t from s' on, of w / norm(t)^2
        past ** (2t - s - s'), which is past ** (s' - s) times a sum that depends on s' alone.
        """
        splits = self._split_weights()
        tails = scale * self._tails(splits / self._norms())
        items = self.sessions.items
        add_pairs(out, items, items, tails)
        for distance in range(1, self._longest()):
            weight = self.past**distance
            if weight < np.finfo(out.dtype).eps:
                break
            first = np.flatnonzero(ragged.steps_back(self.sessions.offsets) >= distance)
            second = first + distance
            values = weight * tails[second]
            add_pairs(out, items[first], items[second], values)
            add_pairs(out, items[second], items[first], values)

    def add_cross(self, out: Floats, scale: float) -> None:
        """Adds scale * S^T W T to float [items, items].

        The pair of the items at s < u has the sum, over t from s to u - 1, of w / norm(t)
        past ** (t - s) future ** (u - t - 1).
        """
        splits = scale * self._split_weights()
        steps_back = ragged.steps_back(self.sessions.offsets)
        items = self.sessions.items
        first = np.arange(len(items))
        sums = np.zeros(len(items))
        for distance in range(1, self._longest()):
            going_on = steps_back[first] >= distance
            first, sums = first[going_on], sums[going_on]
            sums = self.future * sums + self.past ** (distance - 1) * splits[first + distance - 1]
            if max(self.past, self.future) ** (distance - 1) * distance < np.finfo(out.dtype).eps:
                break
            add_pairs(out, items[first], items[first + distance], sums)

    def _longest(self) -> int:
        return int(self.sessions.lengths().max(initial=0))

    def _norms(self) -> Floats:
        """The sum of the weights of the past up to each event: float64 [events]."""
        position = np.arange(len(self.sessions.items)) - np.repeat(
            self.sessions.offsets[:-1], self.sessions.lengths()
        )
        if self.past == 1:
            return position + 1.0
        return (1 - self.past ** (position + 1.0)) / (1 - self.past)

    def _split_weights(self) -> Floats:
        """The w / norm(t) of the split after each event, 0 after the last: float64 [events]."""
        weights = np.repeat(self.weights, self.sessions.lengths()) / self._norms()
        weights[self.sessions.offsets[1:][self.sessions.lengths() > 0] - 1] = 0
        return weights

    def _tails(self, values: Floats) -> Floats:
        """Per event, the sum of values from it to the end of its session, each step * past^2."""
        steps_back = ragged.steps_back(self.sessions.offsets)
        order = np.argsort(steps_back, kind="stable")
        borders = np.cumsum(np.bincount(steps_back))[:-1]
        tails = values.copy()
        for events in np.split(order, borders)[1:]:
            tails[events] += self.past**2 * tails[events + 1]
        return tails
