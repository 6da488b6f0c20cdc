"""Turns the bodies of requests into queries."""

from collections.abc import Sequence

from service.model.queries import Liked, Query, Taste
from service.model.recommender import Recommender
from service.web import requests

FILTERED_QUICKLY = 10_000_000  # characters of a condition times items, in some milliseconds


def filters_quickly(model: Recommender, condition: str | None) -> bool:
    """Whether it takes some milliseconds at most to look at every item by a condition."""
    return condition is None or len(condition) * model.artifact.manifest.known <= FILTERED_QUICKLY


def taste_query(
    model: Recommender, body: requests.RecommendRequest | requests.RecommendQuery
) -> Query:
    """A taste, ready to be ranked.

    Raises:
        InputError: an argument means nothing.
        NoContinuationsError: the model does not know what comes next.
    """
    return model.query(
        taste_of(body), body.k, relation=body.relation, decay=body.decay, rules=body.rules()
    )


def taste_of(body: requests.RecommendRequest | requests.RecommendQuery) -> Taste:
    """What the body of a request says is liked, and what is not."""
    half_life = body.half_life if isinstance(body, requests.RecommendRequest) else None
    return Taste(
        _liked(body.liked),
        _liked(body.disliked),
        half_life,
        body.fallback,
        body.tastes,
        body.allow_seen,
    )


def _liked(items: Sequence[str | requests.LikedBody]) -> list[str | Liked]:
    return [one if isinstance(one, str) else Liked(one.id, one.weight, one.at) for one in items]
