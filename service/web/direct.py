"""Answers plainly valid requests without FastAPI's machinery, which costs more than the answers.

A route declares its function, parameters and answer as any other: that is the documentation, and
how a request is answered that is not plainly valid. A direct answer computes the same thing from
the raw request, or returns None: then the request goes the ordinary way, where every fault gets its
problem. Both answers are equal (`tests/web/test_direct.py`).
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from service.web.caching import PERSONAL, revalidated
from service.web.one_thread import one_thread

Body = TypeVar("Body", bound=BaseModel)
DirectAnswer = Callable[[Request], Awaitable[Response | None]]
DIRECT = "direct"  # the attribute of a route's function that holds its direct answer


def answered_by(direct: DirectAnswer) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives the function of a route a direct answer."""

    def mark(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        setattr(endpoint, DIRECT, direct)
        return endpoint

    return mark


def direct_answer(endpoint: Callable[..., Any]) -> DirectAnswer | None:
    """The direct answer of a route's function, if it has one."""
    return getattr(endpoint, DIRECT, None)


class DirectRoute(APIRoute):
    """A route that tries the direct answer first; its function searches with one thread."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401
        super().__init__(path, one_thread(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The ordinary handler, behind the direct answer if there is one."""
        ordinary = super().get_route_handler()
        direct = direct_answer(self.endpoint)
        if direct is None:
            return ordinary

        async def handle(request: Request) -> Response:
            return await direct(request) or await ordinary(request)

        return handle


def single_parameters(request: Request) -> dict[str, str] | None:
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


async def json_body(request: Request, kind: type[Body]) -> Body | None:
    """The body of a request; None if it is not valid JSON of this kind and labelled so."""
    if request.headers.get("content-type", "").lower() != "application/json":
        return None
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError:
        return None


def cacheable(request: Request, version: str, answer: dict[str, Any]) -> Response:
    """An answer that changes only with the model."""
    return _response(answer, revalidated(request.scope, version))


def personal(answer: dict[str, Any]) -> Response:
    """An answer for one person."""
    return _response(answer, PERSONAL)


def _response(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json", headers=headers)
