"""Answers plainly valid requests without FastAPI's machinery, which costs more than the answers.

The routes remain the documentation, and the way of every request that is not plainly valid: there
each fault gets its problem. Here a request is answered from its raw parts, or not at all. Both
answers are equal (`tests/web/test_direct.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.model.recommender import Recommender
from service.web import schemas
from service.web.caching import PERSONAL, revalidated
from service.web.routes import DEFAULT_K, neighbors_answer, queries, recommendation_answer
from service.web.settings import Settings

Body = TypeVar("Body", bound=BaseModel)
Answer = Callable[[Request, Recommender], Awaitable[Response | None]]


class AnswerDirectly:
    """ASGI middleware, the innermost: answers what it can, and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._routes = {
            route.path.partition("{")[0]: route
            for route in queries.routes
            if isinstance(route, APIRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on with the body that was read."""
        answer = scope["type"] == "http" and _ANSWERS.get(_place(scope))
        model: Recommender | None = scope["app"].state.model.loaded if answer else None
        if not answer or model is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._routes[_place(scope)[1]]
        request = Request(scope, receive)
        scope["model_version"] = model.version
        response = await answer(request, model)
        if response is None:
            await self._app(scope, _again(request, receive), send)
            return
        await response(scope, receive, send)


def _place(scope: Scope) -> tuple[str, str]:
    """The method of a request and the first part of its path, such as `/similar/`."""
    path: str = scope["path"]
    end = path.find("/", 1)
    return scope["method"], path if end < 0 else path[: end + 1]


def _again(request: Request, receive: Receive) -> Receive:
    """Receives the body once more if the request has read it."""
    body: bytes | None = getattr(request, "_body", None)
    if body is None:
        return receive

    async def replay() -> Message:
        nonlocal body
        if body is None:
            return await receive()
        message = {"type": "http.request", "body": body, "more_body": False}
        body = None
        return message

    return replay


async def _similar(request: Request, model: Recommender) -> Response | None:
    parameters = _single_parameters(request)
    if parameters is None or not parameters.keys() <= {"k", "relation"}:
        return None
    return await _related(request, model, parameters, parameters.get("relation", "similar"))


async def _following(request: Request, model: Recommender) -> Response | None:
    parameters = _single_parameters(request)
    if parameters is None or not parameters.keys() <= {"k"}:
        return None
    return await _related(request, model, parameters, "next")


async def _related(
    request: Request, model: Recommender, parameters: dict[str, str], relation: str
) -> Response | None:
    """The answer for an item that the model knows, if `k` is within the limits."""
    state, item_id = request.app.state, request.scope["path"].split("/", 2)[2]
    k = schemas.number(parameters.get("k", DEFAULT_K))
    if item_id not in model or relation not in model.relations:
        return None
    if not isinstance(k, int) or not 1 <= k <= state.settings.max_k:
        return None
    if relation == "next":
        neighbors = model.similar(item_id, k, "next")
    elif (listed := model.listed(item_id, k)) is not None:
        neighbors = listed
    else:
        neighbors = await state.searches.best(model, model.query([item_id], k))
    answer = neighbors_answer(request, model, k, neighbors) | {"relation": relation}
    return _response(answer, revalidated(request.scope, model.version))


async def _recommend(request: Request, model: Recommender) -> Response | None:
    state = request.app.state
    body = await _json_body(request, schemas.RecommendRequest)
    if body is None or body.relation not in model.relations:
        return None
    if request.scope["query_string"] or not _within_limits(state.settings, body):
        return None
    query = model.query(body.liked, body.k, body.exclude, relation=body.relation, decay=body.decay)
    if query.items and body.relation == "similar":
        neighbors = await state.searches.best(model, query)
    else:
        [neighbors] = model.best([query])
    answer = model.recommendation(body.liked, query, neighbors)
    return _response(recommendation_answer(request, model, body, answer), PERSONAL)


def _within_limits(settings: Settings, body: schemas.RecommendRequest) -> bool:
    longest = max(len(body.liked), len(body.exclude))
    return body.k <= settings.max_k and longest <= settings.max_items


_ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "/similar/"): _similar,
    ("GET", "/next/"): _following,
    ("POST", "/recommend"): _recommend,
}


def _single_parameters(request: Request) -> dict[str, str] | None:
    """The parameters of a URL; None if one is given twice or is not plain text."""
    query = request.scope["query_string"]
    if not query:
        return {}
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else None


async def _json_body(request: Request, kind: type[Body]) -> Body | None:
    """The body of a request; None if it is not valid JSON of this kind and labelled so."""
    if request.headers.get("content-type", "").lower() != "application/json":
        return None
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError:
        return None


def _response(answer: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json", headers=headers)
