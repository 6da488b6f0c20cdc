"""Answers plainly valid requests without FastAPI's machinery, which costs more than the answers.

The routes remain the documentation, and the way of every request that is not plainly valid or that
has to wait: there each fault gets its problem. Here a request is answered at once from its raw
parts, or not at all. Both answers are equal (`tests/web/test_direct.py`).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.model.continuations import Relation
from service.model.errors import InputError, UnknownItemError
from service.model.queries import NO_RULES, Rules
from service.model.recommender import Recommender
from service.web import requests
from service.web.answers import neighbors_answer, recommendation_answer
from service.web.asking import filters_quickly, taste_of, taste_query
from service.web.caching import PERSONAL, revalidated
from service.web.live_model import LiveModel
from service.web.metrics import Metrics
from service.web.routes import queries
from service.web.searches import Searches
from service.web.settings import DEFAULT_K, Settings

PLAIN = re.compile("[a-z]+=[0-9a-z]+(&[a-z]+=[0-9a-z]+)*")
PLAIN_NAMES = {"k", "relation"}
LISTS = {"exclude", "candidates", "include"}
JSON = (b"content-type", b"application/json")
PERSONAL_HEADERS = [(name.lower().encode(), value.encode()) for name, value in PERSONAL.items()]


class Direct(NamedTuple):
    """What an answer is made of, beside the request."""

    model: Recommender
    settings: Settings
    metrics: Metrics
    searches: Searches


Headers = list[tuple[bytes, bytes]]
Answered = tuple[dict[str, Any], Headers]
Answer = Callable[[Direct, Scope, bytes], Awaitable[Answered | None]]


class AnswerDirectly:
    """ASGI middleware that answers what it can, and passes everything else on.

    An answer waits at most for others that arrived with it, so no limit on time or on concurrent
    requests applies.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        searches: Searches,
    ) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._searches = searches
        self._routes = {
            route.path.partition("{")[0]: route
            for route in queries.routes
            if isinstance(route, APIRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on with what was read of its body."""
        answer = scope["type"] == "http" and _ANSWERS.get(_place(scope))
        models: tuple[LiveModel, ...] = scope["models"] if answer else ()
        model = models[0].loaded if len(models) == 1 else None
        if not answer or model is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._routes[_place(scope)[1]]
        scope["model_version"] = model.version
        body = b""
        if scope["method"] == "POST":
            message = await receive()
            receive = _again(message, receive)
            body = b"" if message.get("more_body") else message.get("body", b"")
        direct = Direct(model, self._settings, self._metrics, self._searches)
        answered = await answer(direct, scope, body)
        if answered is None:
            await self._app(scope, receive, send)
            return
        await _send(send, *answered)


async def _send(send: Send, answer: dict[str, Any], headers: Headers) -> None:
    body = orjson.dumps(answer)
    size = (b"content-length", b"%d" % len(body))
    headers = [*headers, size, JSON]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _again(message: Message, receive: Receive) -> Receive:
    """Receives a message once more, then those that follow."""
    messages = [message]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _place(scope: Scope) -> tuple[str, str]:
    """The method of a request and the first part of its path, such as `/similar/`."""
    path: str = scope["path"]
    end = path.find("/", 1)
    return scope["method"], path if end < 0 else path[: end + 1]


async def _similar(direct: Direct, scope: Scope, _: bytes) -> Answered | None:
    return _related(direct, scope, requests.RelatedQuery)


async def _following(direct: Direct, scope: Scope, _: bytes) -> Answered | None:
    return _related(direct, scope, requests.ListQuery)


def _related(direct: Direct, scope: Scope, kind: type[requests.ListQuery]) -> Answered | None:
    """The answer for an item that the model knows, if what is asked is within the limits."""
    model, settings, metrics, _ = direct
    item_id = scope["path"].split("/", 2)[2]
    asked = _asked(scope, kind)
    if asked is None or _is_conditional(scope):
        return None
    k, relation, rules = asked
    if relation not in model.relations or max(k, rules.offset) > settings.max_k:
        return None
    if not filters_quickly(model, rules.filter):
        return None
    try:
        query = model.item_query(item_id, k, relation, rules)
    except (UnknownItemError, InputError):
        return None
    is_plain = relation == "similar" and rules is NO_RULES
    neighbors = model.listed(item_id, k) if is_plain else None
    if neighbors is None:
        if not model.is_quick(query):
            return None
        [neighbors] = model.best([query])
    answer = neighbors_answer(metrics, model, query, neighbors)
    headers = revalidated(scope, model.state)
    return answer, [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _asked(scope: Scope, kind: type[requests.ListQuery]) -> tuple[int, Relation, Rules] | None:
    """How many items are asked for, in which relation and by which rules; None if not plainly."""
    parameters = _single_parameters(scope)
    if parameters is None or not LISTS.isdisjoint(parameters):
        return None
    relation: Any = "next"
    if kind is requests.RelatedQuery:
        relation = parameters.get("relation", "similar")
    elif "relation" in parameters:
        return None
    if parameters.keys() <= PLAIN_NAMES:  # what validation of a body would cost is noticeable
        k = requests.number(parameters.get("k", DEFAULT_K))
        return (k, relation, NO_RULES) if isinstance(k, int) and k > 0 else None
    try:
        body = kind.model_validate(parameters)
    except ValidationError:
        return None
    return body.k, relation, body.rules()


async def _recommend(direct: Direct, scope: Scope, content: bytes) -> Answered | None:
    model, settings, metrics, searches = direct
    body = _recommend_request(scope, content)
    if body is None or body.relation not in model.relations or not _is_small(body, settings):
        return None
    if not filters_quickly(model, body.filter):
        return None
    try:
        query = taste_query(model, body)
    except InputError:
        return None
    if not model.is_quick(query):
        return None
    neighbors = await searches.best(model, query)
    found = model.recommendation(taste_of(body), query, neighbors)
    scope["relation"] = body.relation
    return recommendation_answer(metrics, model, query, found, body, ()), PERSONAL_HEADERS


def _recommend_request(scope: Scope, content: bytes) -> requests.RecommendRequest | None:
    """The body, None if it is not valid JSON and labelled so."""
    kinds = [value.lower() for name, value in scope["headers"] if name == b"content-type"]
    if kinds != [b"application/json"] or scope["query_string"]:
        return None
    try:
        return requests.RecommendRequest.model_validate_json(content)
    except ValidationError:
        return None


def _is_small(body: requests.RecommendRequest, settings: Settings) -> bool:
    """Whether a request is within the limits, and needs no more than a ranking."""
    lists = (body.liked, body.disliked, body.exclude, body.candidates or ())
    is_plain = not body.explain and body.tastes == 1 and not body.offset
    return is_plain and body.k <= settings.max_k and max(map(len, lists)) <= settings.max_items


_ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "/similar/"): _similar,
    ("GET", "/next/"): _following,
    ("POST", "/recommend"): _recommend,
}


def _is_conditional(scope: Scope) -> bool:
    return any(name == b"if-none-match" for name, _ in scope["headers"])


def _single_parameters(scope: Scope) -> dict[str, str] | None:
    """The parameters of a URL; None if one is given twice."""
    query = scope["query_string"].decode("latin-1")
    if not query:
        return {}
    if PLAIN.fullmatch(query):
        pairs = [parameter.split("=") for parameter in query.split("&")]
    else:
        pairs = list(map(list, parse_qsl(query, keep_blank_values=True)))  # as Starlette does
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else None
