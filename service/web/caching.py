"""HTTP caching: cache headers, entity tags and 304 responses."""

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PERSONAL = {"Cache-Control": "private, no-store"}


def kept(scope: Scope, version: str) -> dict[str, str]:
    """The headers of an answer that changes with the model only: keep it, but ask whether it holds.

    Args:
        scope: of the request; the entity tag is of its path and query.
        version: of the model that answers.
    """
    question = scope["path"].encode() + b"?" + scope["query_string"]
    return {"ETag": f'"{version}-{zlib.crc32(question):08x}"', "Cache-Control": "no-cache"}


def is_known(lines: list[str], tag: str) -> bool:
    """Whether the lines of `If-None-Match` name an entity tag, weak or strong, or any (`*`)."""
    names = {name.strip().removeprefix("W/") for line in lines for name in line.split(",")}
    return bool(names & {"*", tag.removeprefix("W/")})


class Conditional:
    """ASGI middleware that answers 304 where a client has the answer already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and the answer back unless it is known."""
        lines = Headers(scope=scope).getlist("if-none-match") if scope["type"] == "http" else []
        if not lines or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = False

        async def send_what_is_new(message: Message) -> None:
            nonlocal known
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                known = message["status"] == 200 and is_known(lines, headers.get("etag", ""))
                if known:
                    message["status"] = 304
                    del headers["content-type"], headers["content-length"]
            elif known:
                message["body"] = b""
            await send(message)

        await self._app(scope, receive, send_what_is_new)
