"""Asks an application of the service within this process."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import quote

from trainer.replay.requests import Recorded

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]  # as ASGI has it


class Response(NamedTuple):
    """What an application answered.

    Attributes:
        status: of HTTP.
        body: as it was sent.
        seconds: from the request to the end of its answer, without a network.
    """

    status: int
    body: bytes
    seconds: float


async def ask(app: App, request: Recorded) -> Response:
    """The answer to a request."""
    status, parts = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    scope = _scope(request)
    started = time.perf_counter()
    await app(scope, receive, send)
    return Response(status, b"".join(parts), time.perf_counter() - started)


def _scope(request: Recorded) -> Message:
    headers = [(b"host", b"replay")]
    if request.body:
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", b"%d" % len(request.body)))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": quote(request.path).encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
    }
