"""Takes scores apart: what each item of a query adds to the score of an answer.

With unit vectors u, weights w, a taste t = sum of w u and the discount of `similarity`, the score

    t . u(b) / |t| - mean reliability * (1 - reliability(b))

is a sum over the items of the query, because both parts are. So are votes for what comes next.
"""

import numpy as np

from service.model import index
from service.model.artifact import Artifact
from service.model.queries import Query
from service.model.ranker import Ranker
from service.model.similarity import reliability, sums_of


def contributions(
    artifact: Artifact, ranker: Ranker, query: Query, row: int, score: float
) -> list[float]:
    """What each item of the query adds to the score of a row, in the order of the query."""
    if query.relation == "next":
        return _votes(ranker, query, row, score)
    units = ranker.units[query.items].astype(np.float64)
    answer = index.rows(artifact.cosine_index)[row].astype(np.float64)
    [taste] = sums_of(ranker.units[query.items], query.weights, np.zeros(1, np.int64))
    length = np.linalg.norm(taste.astype(np.float64))
    cosines = units @ answer[:-1] * query.weights / length if length else np.zeros(len(units))
    sizes = np.abs(query.weights).astype(np.float64)
    shrinkage = artifact.manifest.similar.query_shrinkage
    reliable = reliability(artifact.counts[query.items], shrinkage) * sizes / sizes.sum()
    parts: list[float] = (cosines - reliable * answer[-1]).tolist()
    return parts


def _votes(ranker: Ranker, query: Query, row: int, score: float) -> list[float]:
    continuations = ranker.continuations
    table, scores = continuations.table, continuations.scores
    votes = np.zeros(len(query.items))
    first = max(len(query.items) - continuations.settings.last_items, 0)
    for place in range(first, len(query.items)):
        part = slice(*table.offsets[query.items[place] : query.items[place] + 2])
        votes[place] = query.weights[place] * scores[part][table.items[part] == row].sum()
    shares: list[float] = (votes * score / votes.sum()).tolist()
    return shares
