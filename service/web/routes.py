"""The HTTP routes: each parses a request and delegates to the model."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi import Query as Parameters
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator
from starlette.convertors import PathConvertor, register_url_convertor

from service.model.answers import Neighbor, Query, Recommendation
from service.model.continuations import Relation
from service.model.errors import InputError, short
from service.model.recommender import Recommender
from service.web import kinds, schemas
from service.web.caching import PERSONAL, revalidated
from service.web.kinds import INVALID_REQUEST, MALFORMED_JSON, NO_MODEL, TOO_LARGE, Kind
from service.web.live_model import LiveModel
from service.web.metrics import Metrics
from service.web.problems import documented
from service.web.searches import Searches
from service.web.settings import DEFAULT_K, Settings


class AnyText(PathConvertor):
    """The rest of a path, slashes and line feeds included."""

    regex = "(?s:.*)"


register_url_convertor("text", AnyText())

# Dependencies of the routes


async def _recommender(request: Request) -> Recommender:
    model: LiveModel = request.app.state.model
    recommender = model.get()
    request.scope["model_version"] = recommender.version
    return recommender


Model = Annotated[Recommender, Depends(_recommender)]


async def _cacheable(request: Request, response: Response, model: Model) -> Recommender:
    response.headers.update(revalidated(request.scope, model.version))
    return model


async def _personal(response: Response, model: Model) -> Recommender:
    response.headers.update(PERSONAL)
    return model


CacheableModel = Annotated[Recommender, Depends(_cacheable)]
PersonalModel = Annotated[Recommender, Depends(_personal)]


async def _limited_k(
    request: Request,
    k: Annotated[schemas.K, BeforeValidator(schemas.number), Parameters()] = DEFAULT_K,
) -> int:
    _check_limits(request, k)
    return k


K = Annotated[int, Depends(_limited_k)]


def _check_limits(request: Request, k: int, *lists: list[str]) -> None:
    settings: Settings = request.app.state.settings
    if k > settings.max_k:
        limit = f"the {settings.max_k} this service returns"
        raise InputError(f"k: {short(str(k))} is more than {limit}")
    longest = max(map(len, lists), default=0)
    if longest > settings.max_items:
        limit = f"the {settings.max_items} a list of a query may name"
        raise InputError(f"{longest} items are more than {limit}")


async def _best(request: Request, model: Recommender, query: Query) -> list[Neighbor]:
    searches: Searches = request.app.state.searches
    return await searches.best(model, query)


def neighbors_answer(
    metrics: Metrics, model: Recommender, k: int, neighbors: Sequence[Any]
) -> dict[str, Any]:
    """The answer to a query for k items; a short one is counted."""
    metrics.listed(k, len(neighbors))
    return {
        "model_version": model.version,
        "k": k,
        "returned": len(neighbors),
        "items": neighbors,
    }


# Queries

queries = APIRouter(tags=["queries"], responses=documented(INVALID_REQUEST, NO_MODEL))

Answer = Callable[..., Awaitable[dict[str, Any]]]


def _related(path: str, summary: str) -> Callable[[Answer], Answer]:
    """Adds a query about one item."""
    return queries.get(
        path,
        response_model=schemas.RelatedAnswer,
        responses=documented(kinds.UNKNOWN_ITEM, kinds.NO_CONTINUATIONS),
        summary=summary,
    )


@_related("/similar/{item_id:text}", "Items similar to one item, or coming next")
async def similar(
    item_id: str,
    k: K,
    request: Request,
    model: CacheableModel,
    relation: Annotated[Relation, Parameters(description=schemas.RELATION)] = "similar",
) -> dict[str, Any]:
    """The items nearest by cosine, or those that come next, never the item itself.

    Percent-encode the id.
    """
    neighbors = model.listed(item_id, k) if relation == "similar" else None
    if neighbors is None:
        neighbors = await _best(request, model, model.item_query(item_id, k, relation))
    metrics = request.app.state.metrics
    return neighbors_answer(metrics, model, k, neighbors) | {"relation": relation}


@_related("/next/{item_id:text}", "Items that come after one item, or go with it")
async def following(item_id: str, k: K, request: Request, model: CacheableModel) -> dict[str, Any]:
    """The same as `/similar/{item_id}?relation=next`."""
    return await similar(item_id, k, request, model, "next")


def _by_post_and_get(
    path: str, query: type[BaseModel], answer: type[BaseModel], *problems: Kind, summary: str
) -> Callable[[Answer], Answer]:
    """Adds a query twice: by POST with a body, and by GET with the parameters of the URL.

    Args:
        path: the path of both.
        query: the body as parameters.
        answer: the answer of both.
        problems: the problems of both, besides those of every query.
        summary: the summary of both.
    """

    def add(post: Answer) -> Answer:
        async def by_get(
            body: Annotated[query, Parameters()],  # type: ignore[valid-type]
            request: Request,
            model: PersonalModel,
        ) -> dict[str, Any]:
            return await post(body, request, model)

        by_get.__name__, by_get.__doc__ = f"{post.__name__}_by_get", post.__doc__
        queries.post(
            path,
            response_model=answer,
            responses=documented(*problems, MALFORMED_JSON, TOO_LARGE),
            summary=summary,
        )(post)
        queries.get(
            path,
            response_model=answer,
            responses=documented(*problems),
            summary=f"{summary} (by GET)",
        )(by_get)
        return post

    return add


@_by_post_and_get(
    "/recommend",
    schemas.RecommendQuery,
    schemas.RecommendAnswer,
    kinds.NO_CONTINUATIONS,
    summary="Items for a taste, or coming next",
)
async def recommend(
    body: schemas.RecommendRequest, request: Request, model: PersonalModel
) -> dict[str, Any]:
    """The items nearest to the mean of the liked items' unit vectors, or those that come next.

    Liked items are never returned. Those the model does not know are listed in `unknown_items`. If
    it knows none of them, the most popular items are returned and `fallback_used` says so. For what
    comes next, only the newest liked items have a vote; the others are listed in `ignored_items`.
    """
    _check_limits(request, body.k, body.liked, body.exclude)
    query = model.query(body.liked, body.k, body.exclude, relation=body.relation, decay=body.decay)
    neighbors = await _best(request, model, query)
    request.scope["relation"] = body.relation
    answer = model.recommendation(body.liked, query, neighbors)
    return recommendation_answer(request.app.state.metrics, model, body, answer)


def recommendation_answer(
    metrics: Metrics, model: Recommender, body: schemas.RecommendRequest, answer: Recommendation
) -> dict[str, Any]:
    """The answer to a request for recommendations; what it lacks is counted."""
    if answer.fallback_used:
        metrics.fallbacks.inc()
    metrics.unknown_items.inc(len(answer.unknown_items))
    return neighbors_answer(metrics, model, body.k, answer.neighbors) | {
        "relation": body.relation,
        "unknown_items": answer.unknown_items,
        "fallback_used": answer.fallback_used,
        "ignored_items": answer.ignored_items,
    }


@_by_post_and_get(
    "/analogy",
    schemas.AnalogyQuery,
    schemas.NeighborsAnswer,
    kinds.UNKNOWN_ITEM,
    summary="Items that relate as others do",
)
async def analogy(
    body: schemas.AnalogyRequest, request: Request, model: PersonalModel
) -> dict[str, Any]:
    """The items nearest to the sum of the unit vectors; negative ones count -1."""
    _check_limits(request, body.k, body.positive, body.negative)
    query = model.analogy_query(body.positive, body.negative, body.k)
    neighbors = await _best(request, model, query)
    return neighbors_answer(request.app.state.metrics, model, body.k, neighbors)


@queries.get("/items", response_model=schemas.ItemsAnswer, summary="Find items")
def find_items(
    q: Annotated[str, Parameters(min_length=1, max_length=1024)], k: K, model: CacheableModel
) -> dict[str, Any]:
    """The most frequent items that have every word of `q` in their id or title.

    The last word may be the beginning of one. A misspelt word is corrected if nothing is found.
    """
    items = model.find(q, k)
    return {"model_version": model.version, "returned": len(items), "items": items}


@queries.get(
    "/items/{item_id:text}",
    response_model=schemas.ItemAnswer,
    responses=documented(kinds.UNKNOWN_ITEM),
    summary="One item",
)
async def item(item_id: str, model: CacheableModel) -> dict[str, Any]:
    """Title, count and metadata of an item."""
    return {"model_version": model.version, **vars(model.item(item_id))}


# Operations

# The others hold paths, conditions and names of columns.
PUBLIC_SECTIONS = frozenset({"training", "index", "similar", "next"})

operations = APIRouter(tags=["operations"], responses=documented(INVALID_REQUEST))


@operations.get("/", include_in_schema=False)
async def root() -> Response:
    """Redirects a browser to the documentation."""
    return RedirectResponse("/docs")


@operations.get(
    "/model",
    response_model=schemas.ModelAnswer,
    responses=documented(NO_MODEL),
    summary="The model that is served",
)
async def model_manifest(model: PersonalModel, request: Request) -> dict[str, Any]:
    """Its version, age, configuration, data range and metrics.

    Paths, conditions and columns of the event log are shown to admins only.
    """
    hidden = {"format_version", "sha256", "metadata"}
    shown = model.artifact.manifest.model_dump(exclude=hidden)
    age = datetime.now(UTC) - model.artifact.manifest.created
    shown["age_seconds"] = max(0, round(age.total_seconds()))
    if not request.scope["is_admin"]:
        shown["config"] = {
            name: section for name, section in shown["config"].items() if name in PUBLIC_SECTIONS
        }
        shown["data"].pop("notes", None)
    return shown


@operations.get("/healthz", response_model=schemas.Health, summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Always `ok`."""
    return {"status": "ok"}


@operations.get(
    "/readyz",
    response_model=schemas.Health,
    responses=documented(NO_MODEL),
    summary="Can it answer queries?",
)
async def readyz(_: Model) -> dict[str, str]:
    """`ok` once a verified model is loaded."""
    return {"status": "ok"}


@operations.get(
    "/problems/{name}",
    response_model=schemas.ProblemKind,
    responses=documented(kinds.NOT_FOUND),
    summary="What a type of error means",
)
async def problem_kind(name: str) -> dict[str, Any]:
    """What the `type` of an error means; every `type` is a link to this path."""
    kind = kinds.KINDS.get(name)
    if kind is None:
        known = ", ".join(kinds.KINDS)
        raise HTTPException(404, f"there is no problem {short(name)!r}; there are {known}")
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "meaning": kind.meaning,
    }


@operations.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")
