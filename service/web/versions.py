"""All versions of a model over HTTP: what they are, how the gate judged them, what they answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from service.model.continuations import Relation
from service.model.errors import ArtifactError, InputError
from service.model.recommender import Recommender
from service.web import kinds, schemas, version_schemas
from service.web.answers import neighbors_answer
from service.web.caching import PERSONAL
from service.web.choosing import chosen
from service.web.dependencies import K
from service.web.kinds import INVALID_REQUEST
from service.web.manifests import shown
from service.web.other_versions import Summary, Versions
from service.web.problems import ProblemError, documented

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)


async def _no_store(response: Response) -> None:
    response.headers.update(PERSONAL)


async def _versions(request: Request) -> Versions:
    found: Versions = request.app.state.versions[chosen(request)]
    return found


Found = TypeVar("Found")
Known = Annotated[Versions, Depends(_versions)]

versions = APIRouter(
    tags=["versions"], dependencies=[Depends(_no_store)], responses=documented(INVALID_REQUEST)
)


@versions.get("/models", response_model=version_schemas.VersionsAnswer, summary="All versions")
def all_versions(request: Request, known: Known) -> dict[str, Any]:
    """Every version that is kept, the newest first: published, refused by the gate, or damaged."""
    live = chosen(request)
    published = live.store.published()
    current = published[-1] if published else None
    served = live.loaded.version if live.loaded else None
    return {
        "current": current,
        "served": served,
        "versions": [
            _summary(one)
            | {
                "is_current": one.version == current,
                "is_served": one.version == served,
                "was_published": one.version in published,
            }
            for one in known.all()
        ],
    }


def _summary(one: Summary) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "model_version": one.version,
        "created": manifest and manifest.created,
        "outcome": manifest and manifest.gate and manifest.gate.outcome,
        "verdict": manifest and manifest.verdict,
        "items": manifest and manifest.items,
        "sessions": manifest and manifest.data.get("sessions"),
        "size_bytes": one.size,
        "has_report": one.has_report,
        "damaged": one.damage,
    }


@versions.get(
    "/models/{version}",
    response_model=version_schemas.VersionAnswer,
    responses=documented(kinds.NO_VERSION, kinds.DAMAGED_VERSION),
    summary="One version",
)
def version(version: str, request: Request, known: Known) -> dict[str, Any]:
    """Its manifest, as `/model` shows it, and the verdict of the gate with every figure."""
    manifest = _of_version(known.manifest, version)
    age = datetime.now(UTC) - manifest.created
    return shown(manifest, is_admin=request.scope["is_admin"]) | {
        "age_seconds": max(0, round(age.total_seconds())),
        "gate": manifest.gate,
    }


def _of_version(ask: Callable[[str], Found], version: str) -> Found:
    """What there is of a version, or the problem that there is not."""
    try:
        return ask(version)
    except InputError as error:
        raise ProblemError(kinds.NO_VERSION, str(error)) from None
    except ArtifactError as error:
        raise ProblemError(kinds.DAMAGED_VERSION, str(error)) from None


@versions.get(
    "/models/{version}/report",
    response_class=HTMLResponse,
    responses=documented(kinds.NO_VERSION),
    summary="The page of the gate on a version",
)
def report(version: str, request: Request) -> Response:
    """The page that the gate wrote when it compared the version with others."""
    page = _of_version(chosen(request).store.report, version)
    headers = PERSONAL | {"Content-Security-Policy": REPORT_POLICY}
    return HTMLResponse(page.read_text(encoding="utf-8"), headers=headers)


@versions.get(
    "/models/{version}/similar/{item_id:text}",
    response_model=schemas.NeighborsAnswer,
    response_model_exclude_unset=True,
    responses=documented(kinds.UNKNOWN_ITEM, kinds.DAMAGED_VERSION),
    summary="Items similar to one item, by one version",
)
def similar_by_version(
    version: str, item_id: str, request: Request, known: Known, k: K
) -> dict[str, Any]:
    """The answer that `/similar/{item_id}` would have from this version."""
    return _related(_of_version(known.recommender, version), item_id, request, k, "similar")


@versions.get(
    "/models/{version}/next/{item_id:text}",
    response_model=schemas.NeighborsAnswer,
    response_model_exclude_unset=True,
    responses=documented(kinds.UNKNOWN_ITEM, kinds.NO_CONTINUATIONS),
    summary="Items that come after one item, by one version",
)
def following_by_version(
    version: str, item_id: str, request: Request, known: Known, k: K
) -> dict[str, Any]:
    """The answer that `/next/{item_id}` would have from this version."""
    return _related(_of_version(known.recommender, version), item_id, request, k, "next")


def _related(
    model: Recommender, item_id: str, request: Request, k: int, relation: Relation
) -> dict[str, Any]:
    query = model.item_query(item_id, k, relation)
    neighbors = model.similar(item_id, k, relation)
    return neighbors_answer(request.app.state.metrics, model, query, neighbors)
