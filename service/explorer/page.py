"""Serves the page itself: static files that ask for nothing from anywhere else."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.explorer.files import page_files
from service.web import kinds
from service.web.problems import problem

START = "index.html"
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}

page = APIRouter(include_in_schema=False)


@page.get("/explore")
async def start(request: Request) -> Response:
    """The page; of several models, that of the first, where the address names none."""
    models = request.app.state.models
    if len(request.scope["models"]) > 1:
        return RedirectResponse(f"m/{next(iter(models))}/explore")
    return _answer(request, START)


@page.get("/explore/static/{path:path}")
async def file(path: str, request: Request) -> Response:
    """A file of the page."""
    return _answer(request, path)


def _answer(request: Request, path: str) -> Response:
    found = page_files().get(path)
    if found is None or not request.app.state.settings.explorer:
        return problem(kinds.NOT_FOUND, kinds.NOT_FOUND.example)
    headers: dict[str, Any] = HEADERS | {"ETag": found.tag}
    content = found.content
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = found.packed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=found.media_type, headers=headers)
