"""Judges an item's neighbours by what training does not see: titles, metadata, tags."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.attributes import Attribute, SeldomSeen
from trainer.evaluation.bootstrap import Estimate, compare_means
from trainer.evaluation.ranking import NOTHING, Ranker, rank_unseen
from trainer.evaluation.splits import alone

NEIGHBORS = 10
MOST_QUERIES = 1000


@dataclass(frozen=True)
class Column:
    """What a figure is.

    Attributes:
        meaning: in words.
        queries: how many queries have a value; the others are left out.
    """

    meaning: str
    queries: int


@dataclass(frozen=True)
class Interchangeability:
    """How much neighbours have in common with the items they are neighbours of.

    Attributes:
        queries: how many items, the most frequent ones, were queried, each alone.
        neighbors: the length of the lists.
        columns: attribute to what its figures are.
        models: model to attribute to the mean over the queries; the first model is the one the
            others are compared with.
        differences: for every other model, the first one's means minus its own, by paired
            bootstrap: an interval above 0 means that the first one's figure is higher.
    """

    queries: int
    neighbors: int
    columns: dict[str, Column]
    models: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def judge_neighbors(
    rankers: Mapping[str, Ranker],
    attributes: Sequence[Attribute],
    counts: NDArray[np.int64],
    resamples: int = 1000,
    seed: int = 0,
) -> Interchangeability:
    """Compares the ten best other items for each frequent item, by several models.

    Queries are the 1,000 most frequent items, at most the more frequent half of the catalogue. Of
    a query, the mean over its neighbours counts; 0 if it has none.

    Args:
        rankers: name to model, at least one; the others are compared with the first one.
        attributes: what neighbours are judged by, beside how often they were seen. One that no
            query has a value of is left out.
        counts: int64 [items], occurrences in training.
        resamples: how many times the bootstrap draws the queries.
        seed: of the bootstrap.
    """
    queries = frequent_items(counts)
    lists = {
        name: rank_unseen(ranker, alone(queries), NEIGHBORS).items
        for name, ranker in rankers.items()
    }
    columns: dict[str, Column] = {}
    models: dict[str, dict[str, Estimate]] = {name: {} for name in rankers}
    differences: dict[str, dict[str, Estimate]] = {name: {} for name in list(rankers)[1:]}
    for attribute in (*attributes, SeldomSeen(counts)):
        known = np.flatnonzero(attribute.known[queries])
        if not len(known):
            continue
        columns[attribute.name] = Column(attribute.meaning, len(known))
        values = {
            name: {attribute.name: _means(attribute, queries[known], neighbors[known])}
            for name, neighbors in lists.items()
        }
        estimates, behind = compare_means(values, known, resamples, seed)
        for name, estimate in estimates.items():
            models[name] |= estimate
        for name, estimate in behind.items():
            differences[name] |= estimate
    return Interchangeability(len(queries), NEIGHBORS, columns, models, differences)


def frequent_items(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """The items that are queried, the most frequent first."""
    queries = max(1, min(MOST_QUERIES, len(counts) // 2))
    return np.argsort(-counts, kind="stable")[:queries].astype(np.int32)


def _means(
    attribute: Attribute, queries: NDArray[np.int32], neighbors: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The mean over each query's neighbours, 0 where there are none: float64 [queries]."""
    query, place = np.nonzero(neighbors != NOTHING)
    values = attribute.agreement(queries[query], neighbors[query, place])
    sums = np.bincount(query, values, minlength=len(queries))
    found = np.bincount(query, minlength=len(queries))
    return sums / np.maximum(found, 1)
