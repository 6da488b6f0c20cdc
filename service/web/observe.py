"""Gives every request an id, counts and times it, and logs a line about it."""

import logging
import random
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web import kinds, logs
from service.web.metrics import UNMATCHED, Metrics
from service.web.problems import NO_SNIFFING, problem

SANE_ID = re.compile(rb"[\x21-\x7e]{1,128}")
GONE = 499  # logged and counted, never sent: the client left, or was too slow, before an answer
RELATED = frozenset({"/similar/{item_id}", "/next/{item_id}", "/recommend"})
SNIFFING_HEADERS = [(name.lower().encode(), value.encode()) for name, value in NO_SNIFFING.items()]

logger = logging.getLogger("item2vec.access")
errors = logging.getLogger(__name__)


class Observe:
    """ASGI middleware that observes every request, and adds the headers that every answer has.

    It reads what a route notes in the request's scope: `route`, `model_version` and `relation`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and notes how it ended; an unexpected error is a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _id(scope)
        logs.request_id.set(request_id)
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = (b"x-request-id", request_id.encode())
                message["headers"] = [*message["headers"], *SNIFFING_HEADERS, added]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            errors.exception("unexpected error")
            if status:
                raise
            answer = problem(kinds.INTERNAL_ERROR, kinds.INTERNAL_ERROR.example)
            await answer(scope, receive, send_and_note)
        finally:
            self._note(scope, status or GONE, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", UNMATCHED)
        self._metrics.answered(scope["model_name"], route, _relation(scope, route), status, seconds)
        if not logger.isEnabledFor(logging.INFO):
            return
        fields = {
            "method": scope.get("asked_method", scope["method"]),
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 2),
            "model_version": scope.get("model_version"),
        }
        if scope["model_name"]:
            fields["model"] = scope["model_name"]
        if logger.isEnabledFor(logging.DEBUG):
            fields["path"] = _target(scope)
        message = "request"
        extra = {"fields": fields}
        logger.handle(
            logger.makeRecord(logger.name, logging.INFO, "", 0, message, (), None, extra=extra)
        )


def _id(scope: Scope) -> str:
    """The request's `X-Request-ID` if it is short and printable, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return str(value.decode())
    return f"{random.getrandbits(64):016x}"


def _target(scope: Scope) -> str:
    """Path and query as they were sent, so that the request can be asked again."""
    path, query = (scope[part].decode("latin-1") for part in ("raw_path", "query_string"))
    return f"{path}?{query}" if query else str(path)


def _relation(scope: Scope, route: str) -> str:
    """The relation that was asked for, empty where a route has none."""
    if route not in RELATED:
        return ""
    is_next = route.startswith("/next") or b"relation=next" in scope["query_string"]
    return str(scope.get("relation") or ("next" if is_next else "similar"))
