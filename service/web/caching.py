"""HTTP caching: cache headers, entity tags and 304 responses."""

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PERSONAL = {"Cache-Control": "private, no-store"}


def revalidated(scope: Scope, state: str) -> dict[str, str]:
    """The headers of an answer that changes only with the model's state: revalidate it.

    Args:
        scope: of the request; the entity tag depends on its path and query.
        state: of the model that answers.
    """
    query = scope["path"].encode() + b"?" + scope["query_string"]
    return {"ETag": f'"{state}-{zlib.crc32(query):08x}"', "Cache-Control": "no-cache"}


def is_known(lines: list[str], tag: str) -> bool:
    """Whether the lines of `If-None-Match` contain an entity tag, weak or strong, or `*`."""
    names = {name.strip().removeprefix("W/") for line in lines for name in line.split(",")}
    return bool(names & {"*", tag.removeprefix("W/")})


class Conditional:
    """ASGI middleware that answers 304 if the client already has the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and the answer back unless the client has it."""
        lines = Headers(scope=scope).getlist("if-none-match") if scope["type"] == "http" else []
        if not lines or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = False

        async def send_if_new(message: Message) -> None:
            nonlocal known
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                tag = headers.get("etag")
                known = message["status"] == 200 and tag is not None and is_known(lines, tag)
                if known:
                    message["status"] = 304
                    del headers["content-type"], headers["content-length"]
            elif known:
                message["body"] = b""
            await send(message)

        await self._app(scope, receive, send_if_new)
