"""The runs of the nightly job over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from service.model.errors import ArtifactError, InputError, UnavailableError
from service.model.figures import Figure, figures_of
from service.model.nights import Night, Nights
from service.web import version_schemas
from service.web.caching import PERSONAL
from service.web.choosing import chosen
from service.web.kinds import INVALID_REQUEST, NO_MODEL
from service.web.other_versions import Versions
from service.web.problems import documented
from service.web.versions import Known

nights = APIRouter(tags=["versions"], responses=documented(INVALID_REQUEST, NO_MODEL))


async def _runs(request: Request) -> Nights:
    found: Nights = request.app.state.nights[chosen(request)]
    return found


@nights.get(
    "/nights", response_model=version_schemas.NightsAnswer, summary="The runs of the nightly job"
)
def nightly_runs(
    response: Response, known: Known, runs: Annotated[Nights, Depends(_runs)]
) -> dict[str, Any]:
    """What became of each run, the newest last, and what the gate measured."""
    response.headers.update(PERSONAL)
    return {"nights": [_night(run, known) for run in runs.runs()]}


def _night(run: Night, known: Versions) -> dict[str, Any]:
    return {**run.model_dump(), "figures": run.figures or _figures(run.version, known)}


def _figures(version: str | None, known: Versions) -> dict[str, Figure]:
    """Those of a version whose night was noted without them."""
    try:
        return figures_of(known.manifest(version)) if version else {}
    except (ArtifactError, InputError, UnavailableError):
        return {}
