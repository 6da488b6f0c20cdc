"""The routes: each parses and delegates."""

import zlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from service import schemas
from service.errors import InputError
from service.live_model import LiveModel
from service.problems import documented
from service.recommender import Neighbor, Recommendation, Recommender, Relation
from service.settings import Settings

PERSONAL = {"Cache-Control": "private, no-store"}


class NotModifiedError(Exception):
    """The client already has this answer of this version of the model."""


# What routes are given


def _recommender(request: Request) -> Recommender:
    model: LiveModel = request.app.state.model
    return model.get()


Model = Annotated[Recommender, Depends(_recommender)]


def _cacheable(request: Request, response: Response, model: Model) -> Recommender:
    """An answer that changes with the model only: the entity tag is of its version and the URL."""
    asked = zlib.crc32(f"{request.url.path}?{request.url.query}".encode())
    tag = f'"{model.version}-{asked:08x}"'
    if tag in request.headers.get("if-none-match", ""):
        raise NotModifiedError(tag)
    response.headers["ETag"] = tag
    return model


CacheableModel = Annotated[Recommender, Depends(_cacheable)]


def _limited_k(request: Request, k: Annotated[int, Query(ge=1)] = 10) -> int:
    _check_limits(request, k)
    return k


K = Annotated[int, Depends(_limited_k)]


def _check_limits(request: Request, k: int, items: int = 0) -> None:
    settings: Settings = request.app.state.settings
    if k > settings.max_k:
        raise InputError(f"k: {k} is more than the {settings.max_k} this service returns")
    if items > settings.max_items:
        raise InputError(f"{items} items are more than the {settings.max_items} a query may name")


def _neighbors(model: Recommender, k: int, neighbors: list[Neighbor]) -> dict[str, Any]:
    return {
        "model_version": model.version,
        "k": k,
        "returned": len(neighbors),
        "items": neighbors,
    }


# Queries

queries = APIRouter(tags=["queries"], responses=documented(422, 503))


@queries.get(
    "/similar/{item_id:path}",
    response_model=schemas.RelatedAnswer,
    responses=documented(404, 409),
    summary="Items similar to one item, or next to come",
)
def similar(
    item_id: str,
    k: K,
    model: CacheableModel,
    relation: Annotated[Relation, Query(description=schemas.RELATION)] = "similar",
) -> dict[str, Any]:
    """The items nearest by cosine, or those that come next, never the item itself.

    Percent-encode the id.
    """
    found = model.similar(item_id, k, relation)
    return _neighbors(model, k, found) | {"relation": relation}


@queries.post(
    "/recommend",
    response_model=schemas.RecommendAnswer,
    responses=documented(400, 409, 413),
    summary="Items for a taste, or next to come",
)
def recommend(
    body: schemas.RecommendRequest, request: Request, response: Response, model: Model
) -> dict[str, Any]:
    """The items nearest to the mean of the liked items' unit vectors, or those that come next.

    Never one of the liked items. Those the model does not know are listed. Where it knows none of
    them, the most popular items come back and `fallback_used` says so. For what comes next only
    the newest liked items have a vote; the others are listed in `ignored_items`.
    """
    _check_limits(request, body.k, len(body.liked) + len(body.exclude))
    response.headers.update(PERSONAL)
    found = model.recommend(
        body.liked, body.k, body.exclude, relation=body.relation, decay=body.decay
    )
    return _recommendation(request, model, body, found)


@queries.get(
    "/recommend",
    response_model=schemas.RecommendAnswer,
    responses=documented(409),
    summary="The same, by GET",
)
def recommend_by_get(
    body: Annotated[schemas.RecommendRequest, Query()],
    request: Request,
    response: Response,
    model: Model,
) -> dict[str, Any]:
    """`/recommend?liked=A&liked=B`: for a browser or curl."""
    return recommend(body, request, response, model)


def _recommendation(
    request: Request, model: Recommender, body: schemas.RecommendRequest, found: Recommendation
) -> dict[str, Any]:
    if found.fallback_used:
        request.app.state.metrics.fallbacks.inc()
    return _neighbors(model, body.k, found.neighbors) | {
        "relation": body.relation,
        "unknown_items": found.unknown_items,
        "fallback_used": found.fallback_used,
        "ignored_items": found.ignored_items,
    }


@queries.post(
    "/analogy",
    response_model=schemas.NeighborsAnswer,
    responses=documented(400, 404, 413),
    summary="Items that relate as others do",
)
def analogy(
    body: schemas.AnalogyRequest, request: Request, response: Response, model: Model
) -> dict[str, Any]:
    """The items nearest to the sum of unit vectors, negative ones counting -1."""
    _check_limits(request, body.k, len(body.positive) + len(body.negative))
    response.headers.update(PERSONAL)
    return _neighbors(model, body.k, model.analogy(body.positive, body.negative, body.k))


@queries.get(
    "/analogy",
    response_model=schemas.NeighborsAnswer,
    responses=documented(404),
    summary="The same, by GET",
)
def analogy_by_get(
    body: Annotated[schemas.AnalogyRequest, Query()],
    request: Request,
    response: Response,
    model: Model,
) -> dict[str, Any]:
    """`/analogy?positive=A&positive=B&negative=C`: for a browser or curl."""
    return analogy(body, request, response, model)


@queries.get("/items", response_model=schemas.ItemsAnswer, summary="Find items")
def find_items(
    q: Annotated[str, Query(min_length=1, max_length=1024)], k: K, model: CacheableModel
) -> dict[str, Any]:
    """The most frequent items whose id or title contains every word of `q`."""
    found = model.find(q, k)
    return {"model_version": model.version, "returned": len(found), "items": found}


@queries.get(
    "/items/{item_id:path}",
    response_model=schemas.ItemAnswer,
    responses=documented(404),
    summary="One item",
)
def item(item_id: str, model: CacheableModel) -> dict[str, Any]:
    """Title, count and metadata of an item."""
    return {"model_version": model.version, **vars(model.item(item_id))}


# Operations

operations = APIRouter(tags=["operations"])


@operations.get("/", include_in_schema=False)
def root() -> Response:
    """A browser is shown the documentation."""
    return RedirectResponse("/docs")


@operations.get(
    "/model",
    response_model=schemas.ModelAnswer,
    responses=documented(503),
    summary="The model that is served",
)
def model_manifest(model: CacheableModel) -> dict[str, Any]:
    """Its version, configuration, data range and metrics."""
    return model.artifact.manifest.model_dump(exclude={"format_version", "sha256"})


@operations.get("/healthz", response_model=schemas.Health, summary="Is the process alive?")
def healthz() -> dict[str, str]:
    """Always ok."""
    return {"status": "ok"}


@operations.get(
    "/readyz",
    response_model=schemas.Health,
    responses=documented(503),
    summary="Can it answer queries?",
)
def readyz(_: Model) -> dict[str, str]:
    """Ok once a verified model is loaded."""
    return {"status": "ok"}


@operations.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")
