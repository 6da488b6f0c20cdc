"""Takes scores apart: what each item of a query, and each voice, adds to an answer.

With unit vectors u, weights w, a taste t = sum of w u and the discount of `similarity`, the score

    t . u(b) / |t| - mean reliability * (1 - reliability(b))

is a sum over the items of the query, because both parts are. So are votes for what comes next; a
probability is shared out as the votes are. The logarithm of its odds is a sum over voices.
"""

from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model import index
from service.model.allowed import removed_by
from service.model.answers import Explanation
from service.model.artifact import Artifact
from service.model.catalogue import Catalogue
from service.model.following import eligible
from service.model.queries import Query
from service.model.ranker import Ranker
from service.model.similarity import reliability, sums_of
from service.model.voice_groups import group_of


class Reasons:
    """What speaks for the answers to one query.

    Args:
        artifact: who answers.
        catalogue: its items.
        ranker: what ranks them.
        query: what was asked.
    """

    def __init__(
        self, artifact: Artifact, catalogue: Catalogue, ranker: Ranker, query: Query
    ) -> None:
        self._artifact = artifact
        self._catalogue = catalogue
        self._ranker = ranker
        self._query = query

    def explanation(self, item_id: str, hidden: Collection[int]) -> Explanation:
        """Why an item is answered, or why not.

        Args:
            item_id: the item.
            hidden: rows that are in no answer.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        query, row = self._query, self._catalogue.row(item_id)
        reason = removed_by(self._artifact, self._catalogue, query, row, hidden)
        item = self._catalogue.item(row)
        if not query.items:
            return Explanation(item, None, None, [], reason or "no item of the query is known")
        scores = self._ranker.scores(query)
        if np.isnan(scores[row]):
            return Explanation(item, None, None, [], reason or "no item votes for it")
        others = np.delete(scores, list(query.banned - {row}))
        rank = 1 + int(np.sum(others > scores[row]))
        score = float(scores[row])
        parts = self.contributions(item_id, score)
        return Explanation(item, score, rank, parts, reason, self.voices(item_id))

    def contributions(self, item_id: str, score: float) -> list[tuple[str, float]]:
        """What each item of the query adds to the score of an answer; they add up to it."""
        row, ids = self._catalogue.row(item_id), self._catalogue.ids
        parts = self._cosines(row) if self._query.relation == "similar" else self._votes(row, score)
        return [
            (ids[item], part) for item, part in zip(self._query.items, parts.tolist(), strict=True)
        ]

    def voices(self, item_id: str) -> list[tuple[str, float]]:
        """What each kind of voice adds to the log-odds of an answer, the largest first.

        Voices are compared with those of the average candidate, weighted by probability. Empty
        where only one has a say: cosines, or the votes of the table.
        """
        row = self._catalogue.row(item_id)
        if self._said is None or row not in self._said.items:
            return []
        of_item = self._said.parts[:, np.flatnonzero(self._said.items == row)[0]]
        sums: dict[str, float] = {}
        for voice, part in zip(self._said.names, of_item.tolist(), strict=True):
            sums[group_of(voice)] = sums.get(group_of(voice), 0.0) + part
        return sorted((one for one in sums.items() if one[1]), key=lambda one: -one[1])

    @cached_property
    def _said(self) -> "_Said | None":
        query = self._query
        if query.relation == "similar":
            return None
        following = self._ranker.following
        logit = following.weighed(allow_seen=query.allow_seen)
        if logit is None:
            return None
        candidates = following.candidates(np.array(query.items, np.int64), query.weights)
        if candidates is None:
            return None
        items, voices = eligible(candidates, allow_seen=query.allow_seen)
        weights = logit.weights(candidates.length, allow_seen=query.allow_seen)
        odds = weights @ voices
        shares = np.exp(odds - odds.max(initial=-np.inf))
        mean = voices @ shares / max(float(shares.sum()), 1.0)
        return _Said(logit.names, items, weights[:, None] * (voices - mean[:, None]))

    def _cosines(self, row: int) -> NDArray[np.float64]:
        query, ranker = self._query, self._ranker
        units = ranker.units[query.items].astype(np.float64)
        answer = index.rows(self._artifact.cosine_index)[row].astype(np.float64)
        [taste] = sums_of(ranker.units[query.items], query.weights, np.zeros(1, np.int64))
        length = np.linalg.norm(taste.astype(np.float64))
        cosines = units @ answer[:-1] * query.weights / length if length else np.zeros(len(units))
        sizes = np.abs(query.weights).astype(np.float64)
        shrinkage = self._artifact.manifest.similar.query_shrinkage
        counts = self._artifact.counts[query.items]
        reliable = reliability(counts, shrinkage) * sizes / sizes.sum()
        parts: NDArray[np.float64] = cosines - reliable * answer[-1]
        return parts

    def _votes(self, row: int, score: float) -> NDArray[np.float64]:
        """A score, shared out as the votes for it.

        Where there are none, the item itself has it if it is in the session, else the items of the
        session by their cosine with it.
        """
        query, continuations = self._query, self._ranker.continuations
        table, scores = continuations.table, continuations.scores
        votes = np.zeros(len(query.items))
        first = max(len(query.items) - continuations.settings.last_items, 0)
        for place in range(first, len(query.items)):
            part = slice(*table.offsets[query.items[place] : query.items[place] + 2])
            votes[place] = query.weights[place] * scores[part][table.items[part] == row].sum()
        if votes.sum() <= 0:
            likes = np.maximum(query.weights, 0).astype(np.float64)
            likes[:first] = 0
            itself = likes * (np.array(query.items) == row)
            cosines = self._ranker.units[query.items] @ self._ranker.units[row]
            near = likes * np.maximum(cosines, 0)
            votes = next(parts for parts in (itself, near, likes) if parts.any())
        shares: NDArray[np.float64] = votes * score / votes.sum()
        return shares


class _Said(NamedTuple):
    """What voices add to the log-odds of candidates.

    names: of the voices.
    items: int32 [candidates].
    parts: float32 [voices, candidates].
    """

    names: list[str]
    items: NDArray[np.int32]
    parts: NDArray[np.float32]
