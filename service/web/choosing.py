"""Several models in one process: `/m/{name}/similar/...` is `/similar/...` of the one so named."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.model.errors import short
from service.model.named import ALONE
from service.web.live_model import LiveModel

FOLDER = "/m/"
METHODS = ["GET", "POST", "PUT", "DELETE"]


class ChooseModel:
    """ASGI middleware that notes in the scope which models a request means.

    That is the one its path names; else all of them, which is one where there is only one. The name
    is taken off the path. `model_name` is what metrics and logs call it, empty for a single model.

    Args:
        app: what answers.
        models: by their names.
    """

    def __init__(self, app: ASGIApp, models: Mapping[str, LiveModel]) -> None:
        self._app = app
        self._models = models
        self._all = tuple(models.values())
        self._name = next(iter(models)) if len(models) == 1 else ALONE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] == "http":
            scope["models"], scope["model_name"] = self._all, self._name
            if scope["path"].startswith(FOLDER):
                self._choose(scope)
        await self._app(scope, receive, send)

    def _choose(self, scope: Scope) -> None:
        name, _, rest = scope["path"].removeprefix(FOLDER).partition("/")
        if name in self._models:
            scope["models"], scope["model_name"] = (self._models[name],), name
            scope["path"] = f"/{rest}"


def chosen(request: Request) -> LiveModel:
    """The one model that a request means.

    Raises:
        HTTPException: the service has several, and the request names none.
    """
    models: tuple[LiveModel, ...] = request.scope["models"]
    if len(models) == 1:
        return models[0]
    raise HTTPException(404, f"the service has several models: ask one under {_folders(request)}")


unknown = APIRouter()


@unknown.api_route("/m/{rest:path}", methods=METHODS, include_in_schema=False)
async def unknown_model(rest: str, request: Request) -> None:
    """Says which models there are, to a request that names another."""
    name = rest.partition("/")[0]
    raise HTTPException(404, f"there is no model {short(name)!r}: ask {_folders(request)}")


def _folders(request: Request) -> str:
    return " or ".join(f"{FOLDER}{name}/" for name in request.app.state.models)


def servers(models: Mapping[str, LiveModel]) -> list[dict[str, Any]] | None:
    """Where the paths of the OpenAPI document are, if not at the root: a folder for each model."""
    if len(models) == 1:
        return None
    names = list(models)
    return [
        {"url": f"{FOLDER}{{model}}", "variables": {"model": {"default": names[0], "enum": names}}}
    ]
