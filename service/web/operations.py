"""What operators ask over HTTP."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from service.model.errors import short
from service.web import kinds, schemas
from service.web.dependencies import PersonalModel
from service.web.kinds import INVALID_REQUEST, NO_MODEL
from service.web.manifests import shown
from service.web.problems import documented

operations = APIRouter(tags=["operations"], responses=documented(INVALID_REQUEST))


@operations.get("/", include_in_schema=False)
async def root(request: Request) -> Response:
    """Redirects a browser to the explorer, others to the documentation."""
    is_browser = "text/html" in request.headers.get("accept", "")
    has_page = is_browser and request.app.state.settings.explorer
    # Beside what was asked for: a proxy or the name of a model may stand in front.
    here = request.scope["raw_path"].rpartition(b"/")[2].decode()
    return RedirectResponse(f"{here and f'{here}/'}{'explore' if has_page else 'docs'}")


@operations.get(
    "/model",
    response_model=schemas.ModelAnswer,
    responses=documented(NO_MODEL),
    summary="The model that is served",
)
async def model_manifest(model: PersonalModel, request: Request) -> dict[str, Any]:
    """Its version, age, configuration, data range and metrics.

    Paths, conditions and columns of the event log are shown to admins only.
    """
    manifest = model.artifact.manifest
    age = datetime.now(UTC) - manifest.created
    is_admin = request.scope["is_admin"]
    return shown(manifest, is_admin=is_admin) | {"age_seconds": max(0, round(age.total_seconds()))}


@operations.get("/healthz", response_model=schemas.Health, summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Always `ok`."""
    return {"status": "ok"}


@operations.get(
    "/readyz",
    response_model=schemas.Health,
    responses=documented(NO_MODEL),
    summary="Can it answer queries?",
)
async def readyz(request: Request) -> dict[str, str]:
    """`ok` once a verified model is loaded; of several, all of them, or the one that is named."""
    for model in request.scope["models"]:
        model.get()
    return {"status": "ok"}


@operations.get(
    "/problems/{name}",
    response_model=schemas.ProblemKind,
    responses=documented(kinds.NOT_FOUND),
    summary="What a type of error means",
)
async def problem_kind(name: str) -> dict[str, Any]:
    """What the `type` of an error means; every `type` is a link to this path."""
    kind = kinds.KINDS.get(name)
    if kind is None:
        known = ", ".join(kinds.KINDS)
        raise HTTPException(404, f"there is no problem {short(name)!r}; there are {known}")
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "meaning": kind.meaning,
    }


@operations.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    state = request.app.state
    for heartbeat in state.heartbeats:
        heartbeat.refresh()
    return Response(state.metrics.text(), media_type="text/plain; version=0.0.4")
