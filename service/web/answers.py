"""Builds the bodies of answers."""

from collections.abc import Sequence
from typing import Any

from service.model.answers import Neighbor, Recommendation, ScoreKind
from service.model.queries import Query
from service.model.recommender import Recommender
from service.web import requests
from service.web.metrics import Metrics

DIGITS = 7  # of a score: what float32 holds


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
    kind = score_kind or ("cosine" if query.relation == "similar" else "probability")
    return {
        "model_version": model.version,
        "requested": query.k,
        "returned": len(neighbors),
        "short_because": model.short_because(query, len(neighbors)),
        "relation": query.relation,
        "score_kind": kind,
        "items": _items(model, body, neighbors),
    }


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
    kind: ScoreKind | None = None
    if answer.fallback_used:
        metrics.fallbacks.inc()
        kind = "popularity"
    metrics.unknown_items.inc(len(answer.unknown_items))
    answered = neighbors_answer(metrics, model, query, answer.neighbors, body, kind)
    if body.explain and not answer.fallback_used:
        for item, taste, neighbor in zip(answered["items"], whose, answer.neighbors, strict=True):
            parts = model.contributions(taste, neighbor.item_id, neighbor.score)
            item["contributions"] = contributions(parts)
    if not query.items and not answer.fallback_used:
        answered["short_because"] = "unknown_items"
    return answered | {
        "unknown_items": answer.unknown_items,
        "fallback_used": answer.fallback_used,
        "ignored_items": answer.ignored_items,
    }


def contributions(parts: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """What each item of a query adds to a score."""
    return [{"item_id": item_id, "contribution": part} for item_id, part in parts]


def _items(
    model: Recommender, body: requests.RulesBody | None, neighbors: Sequence[Neighbor]
) -> list[dict[str, Any]]:
    if body is None or body.include is None:
        return [
            {"item_id": item_id, "title": title, "score": round(score, DIGITS)}
            for item_id, title, score in neighbors
        ]
    items: list[dict[str, Any]] = [
        {"item_id": item_id, "score": round(score, DIGITS)} for item_id, _, score in neighbors
    ]
    if "title" in body.include:
        for item, neighbor in zip(items, neighbors, strict=True):
            item["title"] = neighbor.title
    if "metadata" in body.include:
        for item in items:
            item["metadata"] = model.item(item["item_id"]).metadata
    return items
