"""Builds the bodies of answers, and counts what they lack."""

from collections.abc import Collection, Sequence
from typing import Any

from service.model.answers import Neighbor, Recommendation, ScoreKind
from service.model.bodies import TITLE, neighbors_body, recommendation_body
from service.model.queries import Query
from service.model.recommender import Recommender
from service.web import requests
from service.web.metrics import Metrics


def neighbors_answer(
    metrics: Metrics,
    model: Recommender,
    query: Query,
    neighbors: Sequence[Neighbor],
    body: requests.RulesBody | None = None,
    score_kind: ScoreKind | None = None,
) -> dict[str, Any]:
    """The answer to a query for items; a short one is counted.

    Args:
        metrics: where it is counted.
        model: who answers.
        query: what was asked.
        neighbors: the items.
        body: what is to come back of each item; None: the default.
        score_kind: what the scores are, if not what the relation says.
    """
    metrics.listed(query.k, len(neighbors))
    return neighbors_body(model, query, neighbors, _include(body), score_kind)


def recommendation_answer(
    metrics: Metrics,
    model: Recommender,
    query: Query,
    answer: Recommendation,
    body: requests.TasteBody,
    whose: Sequence[Query],
) -> dict[str, Any]:
    """The answer to a request for recommendations; what it lacks is counted.

    Args:
        metrics: where it is counted.
        model: who answers.
        query: what was asked.
        answer: what was found.
        body: what is to come back.
        whose: the taste that each item is for, where reasons are to come back.
    """
    if answer.fallback_used:
        metrics.fallbacks.inc()
    metrics.unknown_items.inc(len(answer.unknown_items))
    metrics.listed(query.k, len(answer.neighbors))
    reasons = whose if body.explain else None
    return recommendation_body(model, query, answer, _include(body), reasons)


def _include(body: requests.RulesBody | None) -> Collection[str]:
    return TITLE if body is None or body.include is None else body.include
