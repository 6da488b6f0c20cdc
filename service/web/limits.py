"""The limits of one request: the size of its body, the others beside it, and its time."""

import asyncio

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web import kinds
from service.web.metrics import Metrics
from service.web.problems import problem
from service.web.settings import Settings

# What an operator asks of a service under load.
NEVER_SHED = frozenset({"/healthz", "/readyz", "/metrics"})
SMALL_BODY = 65_536  # bytes, that are read however many others wait
LARGE_BODIES = 32  # of the largest size, that may be in memory at once
RETRY_AFTER = {"Retry-After": "1"}  # seconds


class LimitBody:
    """ASGI middleware that refuses a body larger than the limit, and large ones if many wait.

    A body is complete before the request goes on, so that a slow client takes no other's place.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, metrics: Metrics) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._held = 0  # bytes of all bodies that are in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the body up to the limit and passes the request on with it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        refusal = self._refusal(_announced(scope))

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        try:
            while more and refusal is None:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                messages.append(message)
                size += len(message["body"])
                self._held += len(message["body"])
                more = message.get("more_body", False)
                refusal = self._refusal(size)
            await (refusal or self._app)(scope, replay, send)
        finally:
            self._held -= size

    def _refusal(self, size: int) -> Response | None:
        if size > self._max_bytes:
            return self._refused(kinds.TOO_LARGE, f"the body has more than {self._max_bytes} bytes")
        if size > SMALL_BODY and self._held > LARGE_BODIES * self._max_bytes:
            detail = "there are too many large bodies: ask again later"
            return self._refused(kinds.OVERLOADED, detail, RETRY_AFTER)
        return None

    def _refused(
        self, kind: kinds.Kind, detail: str, headers: dict[str, str] | None = None
    ) -> Response:
        self._metrics.refusals.labels(kind.name).inc()
        return problem(kind, detail, headers=headers)


def _announced(scope: Scope) -> int:
    """The size that a request's `Content-Length` gives, 0 if none."""
    return next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)


class ShedLoad:
    """ASGI middleware that answers 503 at once beyond so many requests, and after so long.

    Args:
        app: what answers.
        settings: the limits.
        metrics: where refusals are counted.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._most = settings.max_requests
        self._seconds = settings.request_seconds
        self._metrics = metrics
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if there is room."""
        if scope["type"] != "http" or scope["path"] in NEVER_SHED:
            await self._app(scope, receive, send)
        elif self._running >= self._most:
            detail = f"{self._most} requests are being answered: ask again later"
            await self._shed(detail, scope, receive, send)
        else:
            self._note(1)
            try:
                await self._answer_in_time(scope, receive, send)
            finally:
                self._note(-1)

    def _note(self, more: int) -> None:
        self._running += more
        self._metrics.answering(self._running)

    async def _answer_in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, send_and_note)
        except TimeoutError:
            if is_answered or not limit.expired():
                raise
            detail = f"the answer took longer than {self._seconds:g} seconds: ask again later"
            await self._shed(detail, scope, receive, send)

    async def _shed(self, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.refusals.labels(kinds.OVERLOADED.name).inc()
        await problem(kinds.OVERLOADED, detail, headers=RETRY_AFTER)(scope, receive, send)
