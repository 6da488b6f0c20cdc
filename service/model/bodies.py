"""The bodies of answers as plain data: what the service answers, and `--json` prints."""

from collections.abc import Collection, Sequence
from typing import Any

from service.model.answers import Explanation, Item, Neighbor, Recommendation, ScoreKind
from service.model.queries import Query, Taste
from service.model.recommender import Recommender

DIGITS = 7  # of a score: what float32 holds
TITLE = ("title",)


def neighbors_body(
    model: Recommender,
    query: Query,
    neighbors: Sequence[Neighbor],
    include: Collection[str] = TITLE,
    score_kind: ScoreKind | None = None,
) -> dict[str, Any]:
    """The answer to a query for items.

    Args:
        model: who answers.
        query: what was asked.
        neighbors: the items.
        include: what comes back of each item beside id and score: "title", "metadata".
        score_kind: what the scores are, if not what the relation says.
    """
    kind = score_kind or ("cosine" if query.relation == "similar" else "probability")
    return {
        "model_version": model.version,
        "requested": query.k,
        "returned": len(neighbors),
        "short_because": model.short_because(query, len(neighbors)),
        "relation": query.relation,
        "score_kind": kind,
        "items": _items(model, neighbors, include),
    }


def recommendation_body(
    model: Recommender,
    query: Query,
    answer: Recommendation,
    include: Collection[str] = TITLE,
    whose: Sequence[Query] | None = None,
) -> dict[str, Any]:
    """The answer to a query with liked items.

    Args:
        model: who answers.
        query: what was asked.
        answer: what was found.
        include: see `neighbors_body`.
        whose: the taste that each item is for, if the reasons for the scores are to come back.
    """
    kind: ScoreKind | None = "popularity" if answer.fallback_used else None
    body = neighbors_body(model, query, answer.neighbors, include, kind)
    if whose is not None and not answer.fallback_used:
        reasons = {id(taste): model.reasons(taste) for taste in whose}
        for item, taste, neighbor in zip(body["items"], whose, answer.neighbors, strict=True):
            of_taste = reasons[id(taste)]
            parts = of_taste.contributions(neighbor.item_id, neighbor.score)
            item["contributions"] = _contributions(parts)
            item["voices"] = _voices(of_taste.voices(neighbor.item_id))
    if not query.items and not answer.fallback_used:
        body["short_because"] = "unknown_items"
    return body | {
        "unknown_items": answer.unknown_items,
        "fallback_used": answer.fallback_used,
        "ignored_items": answer.ignored_items,
    }


def explanation_body(
    model: Recommender, query: Query, taste: Taste, found: Explanation
) -> dict[str, Any]:
    """Why an item is answered to a taste, or why not."""
    return {
        "model_version": model.version,
        "item_id": found.item.item_id,
        "title": found.item.title,
        "score": found.score,
        "rank": found.rank,
        "removed_by": found.removed_by,
        "contributions": _contributions(found.contributions),
        "voices": _voices(found.voices),
        "relation": query.relation,
        "unknown_items": [one for one in taste.ids() if one not in model],
    }


def items_body(model: Recommender, found: Sequence[Item]) -> dict[str, Any]:
    """Items that were searched for."""
    items = [vars(item) for item in found]
    return {"model_version": model.version, "returned": len(items), "items": items}


def item_body(model: Recommender, item: Item) -> dict[str, Any]:
    """One item."""
    return {"model_version": model.version, **vars(item)}


def _items(
    model: Recommender, neighbors: Sequence[Neighbor], include: Collection[str]
) -> list[dict[str, Any]]:
    if tuple(include) == TITLE:
        return [
            {"item_id": item_id, "title": title, "score": round(score, DIGITS)}
            for item_id, title, score in neighbors
        ]
    items: list[dict[str, Any]] = [
        {"item_id": item_id, "score": round(score, DIGITS)} for item_id, _, score in neighbors
    ]
    if "title" in include:
        for item, neighbor in zip(items, neighbors, strict=True):
            item["title"] = neighbor.title
    if "metadata" in include:
        for item in items:
            item["metadata"] = model.item(item["item_id"]).metadata
    return items


def _contributions(parts: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"item_id": item_id, "contribution": part} for item_id, part in parts]


def _voices(parts: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"voice": name, "log_odds": round(part, DIGITS)} for name, part in parts]
