"""Turns every error into an RFC 9457 problem response."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from service.model.errors import (
    InputError,
    Item2VecError,
    NoContinuationsError,
    NoModelError,
    UnavailableError,
    UnknownItemError,
    short,
)
from service.web import kinds
from service.web.contract import allowed_methods
from service.web.kinds import Kind

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
RETRY_AFTER_SECONDS = "5"
NOT_READABLE = "a part of the model cannot be read at the moment"
KINDS: dict[type[Item2VecError], Kind] = {
    UnknownItemError: kinds.UNKNOWN_ITEM,
    NoContinuationsError: kinds.NO_CONTINUATIONS,
    InputError: kinds.INVALID_REQUEST,
    NoModelError: kinds.NO_MODEL,
}
WHERE = (("body",), ("query",), ("path",))
LIKED_FORMS = frozenset({"as an id", "as an object"})
MAX_ERRORS = 20  # a body of one megabyte can hold half a million invalid items


class ProblemError(Exception):
    """A request that a route refuses.

    Args:
        kind: of the problem.
        detail: what is wrong with this request.
    """

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


def problem(
    kind: Kind,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response for a problem."""
    body = _body(kind, detail)
    if errors:
        body["errors"] = errors
    return JSONResponse(body, kind.status, headers, MEDIA_TYPE)


def problem_of(error: Item2VecError) -> dict[str, Any]:
    """The body of the problem that an error is in a batch."""
    kind = next((kind for one, kind in KINDS.items() if isinstance(error, one)), None)
    return _body(kind or kinds.INTERNAL_ERROR, str(error))


def documented(*problems: Kind) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, for its OpenAPI description."""
    return {kind.status: _documented(kind) for kind in problems}


def _documented(kind: Kind) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"schema": schema, "example": _body(kind, kind.example)}
    return {"description": kind.title, "content": {MEDIA_TYPE: content}}


def _body(kind: Kind, detail: str) -> dict[str, Any]:
    return {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail}


def add_handlers(app: FastAPI) -> None:
    """Maps every error an application can raise to a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UnknownItemError, _unknown_item)
    app.add_exception_handler(NoContinuationsError, _no_continuations)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(NoModelError, _no_model)
    app.add_exception_handler(UnavailableError, _unavailable)
    app.add_exception_handler(ProblemError, _refused)
    app.add_exception_handler(HTTPException, _http)


async def _unknown_item(request: Request, error: Exception) -> Response:
    request.app.state.metrics.unknown_items.inc()
    return problem(kinds.UNKNOWN_ITEM, str(error))


async def _no_continuations(_: Request, error: Exception) -> Response:
    return problem(kinds.NO_CONTINUATIONS, str(error))


async def _unusable(_: Request, error: Exception) -> Response:
    return problem(kinds.INVALID_REQUEST, str(error))


async def _no_model(_: Request, error: Exception) -> Response:
    return problem(kinds.NO_MODEL, str(error), headers={"Retry-After": RETRY_AFTER_SECONDS})


async def _unavailable(_: Request, error: Exception) -> Response:
    logger.error("a file of the model cannot be read: %s", error)
    return problem(kinds.NO_MODEL, NOT_READABLE, headers={"Retry-After": RETRY_AFTER_SECONDS})


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem(error.kind, str(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    match error.status_code:
        case 400:  # what FastAPI raises for a body that is not UTF-8 or nested too deeply
            return problem(kinds.MALFORMED_JSON, error.detail)
        case 403:
            return problem(kinds.NOT_ADMIN, error.detail)
        case 404:
            detail = kinds.NOT_FOUND.example if error.detail == phrase else error.detail
            return problem(kinds.NOT_FOUND, detail)
        case 405:
            allow = ", ".join(sorted(allowed_methods(request)))
            detail = f"{request.method} is not allowed here: use {allow}"
            return problem(kinds.METHOD_NOT_ALLOWED, detail, headers={"Allow": allow})
    body = {"type": "about:blank", "title": phrase, "status": error.status_code}
    body["detail"] = error.detail
    return JSONResponse(body, error.status_code, error.headers, MEDIA_TYPE)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        position = first["loc"][-1]
        return problem(kinds.MALFORMED_JSON, f"{first['ctx']['error']} at position {position}")
    if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", "json"):
        return problem(
            kinds.INVALID_REQUEST,
            "the body is not JSON: send it with `Content-Type: application/json`",
        )
    errors = faults(error.errors())
    detail = f"{errors[0]['where']}: {errors[0]['why']}"
    return problem(kinds.INVALID_REQUEST, detail, errors=errors)


def faults(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The place of each error that pydantic found, and what is wrong there."""
    return [
        {"where": _place(error["loc"]), "why": error["msg"].removeprefix("Value error, ")}
        for error in errors[:MAX_ERRORS]
    ]


def _place(location: tuple[int | str, ...]) -> str:
    """`("body", "liked", 0)` as `liked[0]`; the form that was meant is left out."""
    place = ""
    parts = location[1:] if location[:1] in WHERE else location
    for part in (part for part in parts or ("body",) if part not in LIKED_FORMS):
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{short(part)}"
    return place
