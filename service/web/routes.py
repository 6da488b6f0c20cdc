"""The rankings over HTTP: each route parses a request and delegates to the model."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameters
from pydantic import BaseModel, ValidationError

from service.model.answers import Neighbor
from service.model.bodies import explanation_body
from service.model.continuations import Relation
from service.model.errors import InputError, Item2VecError
from service.model.queries import NO_RULES, Query
from service.model.recommender import Recommender
from service.web import kinds, requests, schemas
from service.web.answers import neighbors_answer, recommendation_answer
from service.web.asking import filters_quickly, taste_of, taste_query
from service.web.caching import PERSONAL
from service.web.dependencies import (
    CacheableModel,
    PersonalModel,
    check_batch,
    check_limits,
    check_rules,
)
from service.web.kinds import INVALID_REQUEST, MALFORMED_JSON, NO_MODEL, TOO_LARGE, Kind
from service.web.problems import documented, faults, problem_of
from service.web.searches import Searches

queries = APIRouter(tags=["queries"], responses=documented(INVALID_REQUEST, NO_MODEL))

Answer = Callable[..., Awaitable[dict[str, Any]]]


def _related(path: str, summary: str) -> Callable[[Answer], Answer]:
    """Adds a query about one item."""
    return queries.get(
        path,
        response_model=schemas.NeighborsAnswer,
        response_model_exclude_unset=True,
        responses=documented(kinds.UNKNOWN_ITEM, kinds.NO_CONTINUATIONS),
        summary=summary,
    )


@_related("/similar/{item_id:text}", "Items similar to one item, or coming next")
async def similar(
    item_id: str,
    body: Annotated[requests.RelatedQuery, Parameters()],
    request: Request,
    model: CacheableModel,
) -> dict[str, Any]:
    """The items nearest by cosine, or those that come next, never the item itself.

    Percent-encode the id.
    """
    return await _related_answer(request, model, item_id, body, body.relation)


@_related("/next/{item_id:text}", "Items that come after one item, or go with it")
async def following(
    item_id: str,
    body: Annotated[requests.ListQuery, Parameters()],
    request: Request,
    model: CacheableModel,
) -> dict[str, Any]:
    """The same as `/similar/{item_id}?relation=next`."""
    return await _related_answer(request, model, item_id, body, "next")


async def _related_answer(
    request: Request,
    model: Recommender,
    item_id: str,
    body: requests.RelatedQuery | requests.ListQuery | requests.ManyRequest,
    relation: Relation,
) -> dict[str, Any]:
    check_limits(request, body.k)
    check_rules(request, body)
    rules = body.rules()
    query = await _query(model, body, lambda: model.item_query(item_id, body.k, relation, rules))
    is_plain = relation == "similar" and rules is NO_RULES
    neighbors = model.listed(item_id, body.k) if is_plain else None
    if neighbors is None:
        neighbors = await _best(request, model, query)
    return neighbors_answer(request.app.state.metrics, model, query, neighbors, body)


@queries.post(
    "/similar",
    response_model=schemas.ManyAnswer,
    responses=documented(MALFORMED_JSON, TOO_LARGE),
    summary="Items similar to each of several items, or coming next",
)
async def similar_to_many(
    body: requests.ManyRequest, request: Request, model: PersonalModel
) -> Response:
    """The answer of `/similar/{item_id}` for each item, or the problem that it would have."""
    check_limits(request, body.k)
    check_batch(request, body.items)
    check_rules(request, body)
    request.scope["relation"] = body.relation
    answers = [
        await _or_problem(_related_answer(request, model, item_id, body, body.relation))
        for item_id in body.items
    ]
    return _many_answers(model, answers)


def _many_answers(model: Recommender, answers: Sequence[dict[str, Any]]) -> Response:
    """The answers as they are: FastAPI would look at each item of each once more."""
    content = orjson.dumps({"model_version": model.version, "answers": answers})
    return Response(content, media_type="application/json", headers=PERSONAL)


async def _or_problem(answer: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """An answer, or the problem in its place."""
    try:
        return await answer
    except Item2VecError as error:
        return problem_of(error)


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
            response_model_exclude_unset=True,
            responses=documented(*problems, MALFORMED_JSON, TOO_LARGE),
            summary=summary,
        )(post)
        queries.get(
            path,
            response_model=answer,
            response_model_exclude_unset=True,
            responses=documented(*problems),
            summary=f"{summary} (by GET)",
        )(by_get)
        return post

    return add


@_by_post_and_get(
    "/recommend",
    requests.RecommendQuery,
    schemas.RecommendAnswer,
    kinds.NO_CONTINUATIONS,
    summary="Items for a taste, or coming next",
)
async def recommend(
    body: requests.RecommendRequest, request: Request, model: PersonalModel
) -> dict[str, Any]:
    """The items nearest to the mean of the liked items' unit vectors, or those that come next.

    Disliked items count against it. Neither are returned; with `allow_seen` liked ones may be.
    Those the model does not know are listed in `unknown_items`. If it knows none of them, the most
    popular items are returned and `fallback_used` says so. For what comes next, only the newest
    liked items have a vote; the others are listed in `ignored_items`.
    """
    return await _recommendation(request, model, body)


async def _recommendation(
    request: Request, model: Recommender, body: requests.RecommendRequest | requests.RecommendQuery
) -> dict[str, Any]:
    check_limits(request, body.k, body.liked, body.disliked)
    check_rules(request, body)
    request.scope["relation"] = body.relation
    query = await _query(model, body, lambda: taste_query(model, body))
    tastes = model.split(query, body.tastes)
    found = await asyncio.gather(*(_best(request, model, taste) for taste in tastes))
    neighbors, whose = model.merged(query, tastes, found)
    answer = model.recommendation(taste_of(body), query, neighbors)
    return recommendation_answer(request.app.state.metrics, model, query, answer, body, whose)


@queries.post(
    "/recommend/batch",
    response_model=schemas.BatchAnswer,
    responses=documented(MALFORMED_JSON, TOO_LARGE),
    summary="Items for each of several tastes",
)
async def recommend_batch(
    body: requests.BatchRequest, request: Request, model: PersonalModel
) -> Response:
    """The answer of `POST /recommend` for each query, or the problem that it would have."""
    check_batch(request, body.queries)
    answers = await asyncio.gather(
        *(_or_problem(_one_of_batch(request, model, query)) for query in body.queries)
    )
    return _many_answers(model, answers)


async def _one_of_batch(request: Request, model: Recommender, query: Any) -> dict[str, Any]:  # noqa: ANN401
    try:
        body = requests.RecommendRequest.model_validate(query)
    except ValidationError as error:
        [fault, *_] = faults(error.errors())
        raise InputError(f"{fault['where']}: {fault['why']}") from None
    return await _recommendation(request, model, body)


@queries.post(
    "/explain",
    response_model=schemas.ExplainAnswer,
    responses=documented(kinds.UNKNOWN_ITEM, kinds.NO_CONTINUATIONS, MALFORMED_JSON, TOO_LARGE),
    summary="Why an item is recommended, or why not",
)
async def explain(
    body: requests.ExplainRequest, request: Request, model: PersonalModel
) -> dict[str, Any]:
    """Its score and rank for a taste, what each item adds to it, and the rule that removes it."""
    check_limits(request, body.k, body.liked, body.disliked)
    check_rules(request, body)
    query = await _query(model, body, lambda: taste_query(model, body))
    found = await asyncio.to_thread(model.explain, query, body.item)
    return explanation_body(model, query, taste_of(body), found)


@_by_post_and_get(
    "/analogy",
    requests.AnalogyQuery,
    schemas.NeighborsAnswer,
    kinds.UNKNOWN_ITEM,
    summary="Items that relate as others do",
)
async def analogy(
    body: requests.AnalogyRequest, request: Request, model: PersonalModel
) -> dict[str, Any]:
    """The items nearest to the sum of the unit vectors; negative ones count -1."""
    check_limits(request, body.k, body.positive, body.negative)
    check_rules(request, body)
    query = await _query(
        model, body, lambda: model.analogy_query(body.positive, body.negative, body.k, body.rules())
    )
    neighbors = await _best(request, model, query)
    return neighbors_answer(request.app.state.metrics, model, query, neighbors, body)


@queries.get(
    "/popular",
    response_model=schemas.NeighborsAnswer,
    response_model_exclude_unset=True,
    summary="The most frequent items",
)
async def popular(
    body: Annotated[requests.ListQuery, Parameters()], request: Request, model: CacheableModel
) -> dict[str, Any]:
    """The items that were seen most often in training, and their shares of all occurrences."""
    check_limits(request, body.k)
    check_rules(request, body)
    query = await _query(model, body, lambda: model.query((), body.k, rules=body.rules()))
    metrics, items = request.app.state.metrics, model.popular(query)
    return neighbors_answer(metrics, model, query, items, body, "popularity")


async def _query(model: Recommender, body: requests.RulesBody, make: Callable[[], Query]) -> Query:
    """A query; in a thread if a long condition has to be looked at, or one for many items."""
    if filters_quickly(model, body.filter):
        return make()
    return await asyncio.to_thread(make)


async def _best(request: Request, model: Recommender, query: Query) -> list[Neighbor]:
    searches: Searches = request.app.state.searches
    return await searches.best(model, query)
