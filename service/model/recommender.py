"""Similar items, recommendations and analogies from one loaded artifact."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.allowed import banned_and_mask
from service.model.answers import (
    Explanation,
    Item,
    Neighbor,
    Recommendation,
    ShortBecause,
)
from service.model.artifact import Artifact
from service.model.catalogue import Catalogue
from service.model.continuations import Relation, check_relation
from service.model.diversity import diversified
from service.model.errors import InputError
from service.model.explaining import Reasons
from service.model.filters import Filter
from service.model.overview import Overview
from service.model.queries import NO_RULES, Liked, Query, Rules, Taste, faded, powers
from service.model.ranker import Ranked, Ranker
from service.model.tastes import clusters, interleaved, shares

ONE = np.ones(1, np.float32)  # the weight of a single item


class Recommender:
    """Answers queries from one artifact. Immutable but for `hidden`, so threads can share it.

    Args:
        artifact: a loaded (or just trained) model.

    """

    state: str
    """Names all that answers depend on: the version, and which items are hidden."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._catalogue = Catalogue(artifact)
        self.hidden = frozenset()
        self._ranker = Ranker(artifact)

    @property
    def version(self) -> str:
        """The version of the model that answers."""
        return self.artifact.manifest.model_version

    @property
    def hidden(self) -> frozenset[int]:
        """Rows that are in no answer, nor found; replaced as a whole when it changes."""
        return self._hidden

    @hidden.setter
    def hidden(self, rows: frozenset[int]) -> None:
        ordered = np.sort(np.fromiter(rows, np.int64, len(rows)))
        self.state = f"{self.version}-{zlib.crc32(ordered.tobytes()):08x}" if rows else self.version
        self._hidden = rows
        self._hidden_answers = frozenset(row for row in rows if row < len(self._catalogue))

    @property
    def relations(self) -> tuple[Relation, ...]:
        """What the model can be asked for."""
        return ("similar",) if self.artifact.continuations is None else ("similar", "next")

    @cached_property
    def overview(self) -> Overview:
        """The model at a glance."""
        return Overview(self.artifact)

    def __contains__(self, item_id: str) -> bool:
        """Whether the model can be asked about the item."""
        return item_id in self._catalogue

    def knows(self, item_id: str) -> bool:
        """Whether the item is known, trained or not."""
        return bool(self.rows_of([item_id]))

    # Answers

    def similar(
        self,
        item_id: str,
        k: int = 10,
        relation: Relation = "similar",
        rules: Rules = NO_RULES,
    ) -> list[Neighbor]:
        """The items most similar to an item, or those that come next; never the item itself.

        Similar items are read from the artifact if its lists are long enough, else searched.

        Raises:
            UnknownItemError: the model does not know the item.
            NoContinuationsError: the model does not know what comes next.
            InputError: a rule means nothing.
        """
        if relation == "similar" and rules is NO_RULES:
            listed = self.listed(item_id, k)
            if listed is not None:
                return listed
        [neighbors] = self.best([self.item_query(item_id, k, relation, rules)])
        return neighbors

    def recommend(
        self,
        liked: Sequence[str | Liked] | Taste,
        k: int = 10,
        exclude: Collection[str] = (),
        *,
        relation: Relation = "similar",
        decay: float | None = None,
        rules: Rules = NO_RULES,
    ) -> Recommendation:
        """The items most similar to a taste, or those that come next.

        A taste is the weighted mean of the liked items' unit vectors, less that of the disliked.

        Args:
            liked: items, the newest last, or a taste; unknown ones are listed in the answer, a
                repeated one weighs more.
            k: how many items at most; fewer if no more are allowed or have a vote for what comes
                next.
            exclude: item ids that must not be recommended. Disliked items never are, nor liked
                ones, unless the taste says `allow_seen`.
            relation: "similar" items, or those that come "next" after the liked ones.
            decay: the share of its weight that a known liked item keeps per step back: 1 is the
                plain mean, 0 counts the newest item alone. None is the model's default, see
                `default_decay`, or 1 if the taste has a half-life or may be several.
            rules: which items may be answered.

        Raises:
            InputError: an argument means nothing.
            NoContinuationsError: the model does not know what comes next.
        """
        taste = liked if isinstance(liked, Taste) else Taste(liked)
        if exclude:
            rules = replace(rules, exclude=[*rules.exclude, *exclude])
        query = self.query(taste, k, relation=relation, decay=decay, rules=rules)
        tastes = self.split(query, taste.most)
        neighbors, _ = self.merged(query, tastes, self.best(tastes))
        return self.recommendation(taste, query, neighbors)

    def analogy(
        self,
        positive: Sequence[str],
        negative: Sequence[str] = (),
        k: int = 10,
        rules: Rules = NO_RULES,
    ) -> list[Neighbor]:
        """The items most similar to the sum of the unit vectors; negative ones count -1.

        See `analogy_query`.
        """
        [neighbors] = self.best([self.analogy_query(positive, negative, k, rules)])
        return neighbors

    def popular(self, query: Query) -> list[Neighbor]:
        """The most frequent items, and their shares of all occurrences.

        Args:
            query: what may be answered, see `query`; its items do not count.
        """
        return self._chosen(query, self._ranker.popular(query, self._hidden_answers))

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two items.

        Raises:
            UnknownItemError: the model does not know one of them.
        """
        rows = [self._catalogue.row(item_id) for item_id in (first, second)]
        one, other = self._ranker.units[rows]
        return float(np.clip(one @ other, -1, 1))

    def vector(self, item_id: str) -> NDArray[np.float32]:
        """The input vector of an item, float32 [vector_size].

        Raises:
            UnknownItemError: the model does not know it.
        """
        vector: NDArray[np.float32] = self.artifact.input_vectors[self._catalogue.row(item_id)]
        return vector

    def item(self, item_id: str) -> Item:
        """What is known of an item, trained or not.

        Raises:
            UnknownItemError: the model does not know it.
        """
        return self._catalogue.item(self._catalogue.place(item_id))

    def item_at(self, row: int) -> Item:
        """What is known of the item of a row."""
        return self._catalogue.item(row)

    def row(self, item_id: str) -> int | None:
        """The row of an item, trained or not; None if it is unknown."""
        return self._catalogue.ids.row(item_id)

    def unit_vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Vectors of length 1 of trained items, float32 [rows, vector_size]."""
        vectors: NDArray[np.float32] = self._ranker.units[list(rows)]
        return vectors

    def find(self, text: str, k: int = 10, filter: str | None = None) -> list[Item]:
        """Items with every word of the text in their id or title, most frequent first.

        Untrained items are found after all others.

        The last word may be the beginning of one. A text without words finds nothing, an empty one
        the most frequent items. See `Search.find`.

        Args:
            text: the words.
            k: how many at most.
            filter: a condition on metadata, see `service.model.filters`.

        Raises:
            InputError: the condition means nothing.
            UnavailableError: the index cannot be read.
        """
        allowed = Filter.parse(filter).mask(self.artifact.columns) if filter is not None else None
        wanted = k
        while True:
            found = self._catalogue.find(text, wanted)
            rows = found if allowed is None else [row for row in found if allowed[row]]
            rows = [row for row in rows if row not in self.hidden]
            if len(rows) >= k or len(found) < wanted:
                return [self._catalogue.item(row) for row in rows[:k]]
            wanted *= 4

    def explain(self, query: Query, item_id: str) -> Explanation:
        """Why an item is answered to a query, or why not.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        return self.reasons(query).explanation(item_id, self.hidden)

    def reasons(self, query: Query) -> Reasons:
        """What speaks for each answer to a query."""
        return Reasons(self.artifact, self._catalogue, self._ranker, query)

    # The parts of an answer

    def listed(self, item_id: str, k: int) -> list[Neighbor] | None:
        """The items most similar to an item, or None if that takes a search.

        Raises:
            UnknownItemError: the model does not know the item.
        """
        lists = self.artifact.neighbors
        best = lists and lists.best(self._catalogue.row(item_id), k)
        hidden = self._hidden_answers
        if not best or (hidden and not hidden.isdisjoint(best[0])):
            return None
        return self._catalogue.neighbors(*best)

    def item_query(
        self, item_id: str, k: int, relation: Relation = "similar", rules: Rules = NO_RULES
    ) -> Query:
        """An item, ready to be ranked; see `similar`.

        Raises:
            UnknownItemError: the model does not know the item.
            InputError: a rule means nothing.
        """
        check_relation(relation)
        item = self._catalogue.row(item_id)
        banned, mask = banned_and_mask(self.artifact, self._catalogue, rules)
        return Query([item], ONE, k, banned | {item}, relation, mask, rules)

    def query(
        self,
        liked: Sequence[str | Liked] | Taste,
        k: int,
        *,
        relation: Relation = "similar",
        decay: float | None = None,
        rules: Rules = NO_RULES,
    ) -> Query:
        """A taste, ready to be ranked; see `recommend`, which is this, `best` and `recommendation`.

        Raises:
            InputError: an argument means nothing.
            NoContinuationsError: the model does not know what comes next.
        """
        check_relation(relation)
        taste = liked if isinstance(liked, Taste) else Taste(liked)
        if decay is None:
            counts_alike = taste.half_life is not None or taste.most > 1
            decay = 1.0 if counts_alike else self.default_decay(relation)
        banned, mask = banned_and_mask(self.artifact, self._catalogue, rules)
        items, weights = self._weighed(taste.liked, decay, taste.half_life)
        banned.update(() if taste.allow_seen else items)
        if taste.disliked:
            others, losses = self._weighed(taste.disliked, decay, taste.half_life)
            banned.update(others)
            items, weights = others + items, np.concatenate([-losses, weights])
        return Query(items, weights, k, banned, relation, mask, rules, taste.allow_seen)

    def _weighed(
        self, liked: Sequence[str | Liked], decay: float, half_life: float | None
    ) -> tuple[list[int], NDArray[np.float32]]:
        """The rows of the known items, and their weights."""
        if half_life is None and all(isinstance(one, str) for one in liked):
            items = self._catalogue.rows(liked)  # type: ignore[arg-type]
            return items, powers(decay, np.arange(len(items) - 1, -1, -1))
        known = [Liked(one) if isinstance(one, str) else one for one in liked]
        known = [one for one in known if one.id in self]
        weights = powers(decay, np.arange(len(known) - 1, -1, -1))
        weights *= np.array([one.weight for one in known], np.float32)
        if half_life is not None:
            weights *= faded(known, half_life).astype(np.float32)
        return [self._catalogue.row(one.id) for one in known], weights

    def analogy_query(
        self,
        positive: Sequence[str],
        negative: Sequence[str] = (),
        k: int = 10,
        rules: Rules = NO_RULES,
    ) -> Query:
        """A sum of unit vectors, ready to be ranked.

        The arithmetic of "king - man + woman" (Mikolov et al., arXiv 1301.3781), with the semantics
        of gensim's `most_similar`. The items of the query are never returned.

        Raises:
            UnknownItemError: the model does not know one of the items.
            InputError: no item was given, or a rule means nothing.
        """
        items = [self._catalogue.row(item_id) for item_id in (*positive, *negative)]
        if not items:
            raise InputError("an analogy needs at least one positive or negative item")
        weights = np.repeat(np.array([1, -1], np.float32), [len(positive), len(negative)])
        banned, mask = banned_and_mask(self.artifact, self._catalogue, rules)
        return Query(items, weights, k, banned | set(items), "similar", mask, rules)

    def best(self, queries: Sequence[Query]) -> list[list[Neighbor]]:
        """The best items for each of some queries of one relation, ranked together.

        A query without items has no neighbors.
        """
        ranked = self._ranker.best(queries, self._hidden_answers)
        return [self._chosen(*one) for one in zip(queries, ranked, strict=True)]

    def split(self, query: Query, most: int) -> list[Query]:
        """The tastes that a query mixes, the heaviest first; the query itself if it has but one.

        Args:
            query: of liked items; every taste keeps away from the disliked ones.
            most: how many tastes at most, see `service.model.tastes`.
        """
        items = np.array(query.items, np.int64)
        liked = np.flatnonzero(query.weights > 0)
        if most == 1 or len(liked) < 2:
            return [query]
        units = self._ranker.units[items[liked]]
        owners = clusters(units, query.weights[liked], most)
        rules = replace(query.rules, offset=0)
        tastes = []
        for taste in range(owners.max() + 1):
            kept = query.weights < 0
            kept[liked[owners == taste]] = True
            part = query._replace(items=items[kept].tolist(), weights=query.weights[kept])
            tastes.append(part._replace(k=query.k + query.rules.offset, rules=rules))
        return tastes if len(tastes) > 1 else [query]

    def merged(
        self, query: Query, tastes: Sequence[Query], answers: Sequence[list[Neighbor]]
    ) -> tuple[list[Neighbor], list[Query]]:
        """One answer from those of some tastes, each with places by its weight, and whose each is.

        Args:
            query: what was asked.
            tastes: see `split`.
            answers: one for each taste.
        """
        if len(tastes) == 1:
            return answers[0], [tastes[0]] * len(answers[0])
        weights = np.array([taste.weights[taste.weights > 0].sum() for taste in tastes])
        offset = query.rules.offset
        rows = [[self._catalogue.row(one.item_id) for one in answer] for answer in answers]
        merged = interleaved(rows, shares(weights, query.k + offset))[offset:]
        neighbors = [answers[taste][place] for taste, place in merged]
        return neighbors, [tastes[taste] for taste, _ in merged]

    def is_quick(self, query: Query) -> bool:
        """Whether `best` takes about a millisecond at most for a query."""
        return self._ranker.is_quick(query)

    def _chosen(self, query: Query, ranked: Ranked) -> list[Neighbor]:
        rows, scores = ranked
        rules = query.rules
        if rules is NO_RULES:
            return self._catalogue.neighbors(rows, scores)
        if rules.min_score is not None:
            rows = [row for row, score in zip(*ranked, strict=True) if score >= rules.min_score]
            scores = scores[: len(rows)]
        last = rules.offset + query.k
        if rules.diversity:
            found = np.array(scores, np.float32)
            chosen = diversified(self._ranker.units[rows], found, rules.diversity, last).tolist()
            rows, scores = [rows[place] for place in chosen], [scores[place] for place in chosen]
        return self._catalogue.neighbors(rows[rules.offset : last], scores[rules.offset : last])

    def recommendation(
        self, taste: Taste, query: Query, neighbors: list[Neighbor]
    ) -> Recommendation:
        """The answer to a query; by popularity if no item of it is known.

        Args:
            taste: what the query was made of.
            query: the same, as rows.
            neighbors: the best items for it.
        """
        asked = len(taste.liked) + len(taste.disliked)
        unknown = (
            []
            if len(query.items) == asked
            else [item_id for item_id in taste.ids() if item_id not in self]
        )
        if query.items:
            ignored = self._ignored(query.items, query.relation)
            return Recommendation(neighbors, unknown, ignored_items=ignored)
        if taste.fallback == "none":
            return Recommendation([], unknown)
        return Recommendation(self.popular(query), unknown, "popularity")

    def short_because(self, query: Query, returned: int) -> ShortBecause | None:
        """Why an answer has fewer items than were asked for, None if it has as many.

        "min_score": fewer score as much; "votes": fewer ever came next; "rules": fewer are allowed;
        "catalogue": there are no more.
        """
        if returned >= query.k:
            return None
        if query.items and query.rules.min_score is not None:
            return "min_score"
        if query.items and query.relation == "next":
            return "votes"
        return "catalogue" if query.mask is None else "rules"

    def default_decay(self, relation: Relation) -> float:
        """The decay of a query that names none, as the model has it.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        if relation == "similar":
            return self.artifact.manifest.similar.decay
        return self._ranker.continuations.settings.decay

    def rows_of(self, item_ids: Iterable[str]) -> frozenset[int]:
        """The rows of the items that are known, trained or not."""
        rows = map(self._catalogue.ids.row, item_ids)
        return frozenset(row for row in rows if row is not None)

    def _ignored(self, items: list[int], relation: Relation) -> list[str]:
        """The ids of the items that have no vote."""
        if relation == "similar":
            return []
        last = self._ranker.continuations.settings.last_items
        voters = set(items[-last:])
        return [self._catalogue.ids[item] for item in items[:-last] if item not in voters]

    # Offline

    def rank(
        self,
        items: NDArray[np.integer[Any]],
        offsets: NDArray[np.int64],
        weights: NDArray[np.float32],
        k: int,
        relation: Relation = "similar",
        *,
        allow_seen: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k best items for each of many tastes; items of the taste may be among them.

        Every query above is one taste; offline evaluation ranks many at a time.

        Args:
            items: int [items of all tastes], taste after taste.
            offsets: int64 [tastes + 1]; taste t is `items[offsets[t]:offsets[t + 1]]`.
            weights: float32 [items of all tastes]; see `decayed`.
            k: how many, at most the size of the catalogue.
            relation: whether to rank "similar" items or those that come "next".
            allow_seen: whether items of the taste may come next: what is known to come next is
                weighed for one case or the other.

        Returns:
            int64 and float32 [tastes, k]: items, best first, and their scores or probabilities.
            A shorter list is filled up with -1; that of a taste without items is empty.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        return self._ranker.rank(items, offsets, weights, k, relation, allow_seen=allow_seen)
