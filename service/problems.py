"""Every error of the service in one shape: RFC 9457 `application/problem+json`."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InputError, NoContinuationsError, NoModelError, UnknownItemError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "5"
MAX_ERRORS = 20  # a body of one megabyte can hold half a million wrong items

# status: (stable name, title, example)
KINDS = {
    400: ("malformed-json", "Malformed JSON", "JSON decode error at position 12"),
    404: ("unknown-item", "Unknown item", "the model does not know item 'X1'"),
    409: ("no-continuations", "Next is unknown", "model v1 does not know what comes next"),
    413: ("too-large", "Request too large", "the body has more than 1000000 bytes"),
    422: ("invalid-request", "Invalid request", "k: Input should be greater than 0"),
    500: ("internal-error", "Internal error", "an unexpected error; the log has the details"),
    503: ("no-model", "No model yet", "no model is loaded yet: publish one"),
}


def problem(
    status: int,
    detail: str,
    *,
    kind: tuple[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error response; `kind` is its stable name and title where the status alone is not it."""
    name, title = kind or KINDS[status][:2]
    body = {"type": f"/problems/{name}", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, as its OpenAPI description shows them."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    name, title, detail = KINDS[status]
    example = {"type": f"/problems/{name}", "title": title, "status": status, "detail": detail}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


def add_handlers(app: FastAPI) -> None:
    """Maps every error an application can raise to a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UnknownItemError, _unknown_item)
    app.add_exception_handler(NoContinuationsError, _no_continuations)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(NoModelError, _no_model)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _unknown_item(_: Request, error: Exception) -> Response:
    return problem(404, str(error))


async def _no_continuations(_: Request, error: Exception) -> Response:
    return problem(409, str(error))


async def _unusable(_: Request, error: Exception) -> Response:
    return problem(422, str(error))


async def _no_model(_: Request, error: Exception) -> Response:
    return problem(503, str(error), headers={"Retry-After": RETRY_AFTER_SECONDS})


async def _unexpected(_: Request, error: Exception) -> Response:
    logger.error("unexpected error", exc_info=error)
    return problem(500, KINDS[500][2])


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI's word for a body that is no UTF-8 or nested too deep
        return problem(400, str(error.detail))
    phrase = HTTPStatus(error.status_code).phrase
    kind = (phrase.lower().replace(" ", "-"), phrase)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), kind=kind, headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        position = first["loc"][-1]
        return problem(400, f"{first['ctx']['error']} at position {position}")
    if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", "json"):
        return problem(422, "the body is not JSON: send it with `Content-Type: application/json`")
    found = error.errors()[:MAX_ERRORS]
    errors = [{"where": _place(each["loc"]), "why": each["msg"]} for each in found]
    return problem(422, f"{errors[0]['where']}: {errors[0]['why']}", errors=errors)


def _place(location: tuple[int | str, ...]) -> str:
    """`("body", "liked", 0)` as `liked[0]`."""
    place = ""
    for part in location[1:] or location:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part}"
    return place


class LimitBody:
    """ASGI middleware that refuses a body larger than it is allowed to be."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the body up to the limit and passes the request on with it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > self._max_bytes:
                detail = f"the body has more than {self._max_bytes} bytes"
                await problem(413, detail)(scope, receive, send)
                return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)
