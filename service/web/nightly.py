"""The runs of the nightly job over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from service.model.artifact import Manifest
from service.model.errors import ArtifactError, InputError, UnavailableError
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
    return {**run.model_dump(), "figures": _figures(run.version, known)}


def _figures(version: str | None, known: Versions) -> dict[str, Any]:
    """What the gate measured of a version, by the name of the comparison."""
    try:
        manifest = known.manifest(version) if version else None
    except (ArtifactError, InputError, UnavailableError):
        return {}
    if manifest is None or manifest.gate is None:
        return {}
    metric = _metric(manifest)
    figures = {}
    for name, evaluation in manifest.gate.evaluations.items():
        estimates = {
            model: scores["estimates"].get(metric) for model, scores in evaluation["models"].items()
        }
        (_, own), *beside = estimates.items()
        if own is not None:
            others = {model: estimate["value"] for model, estimate in beside if estimate}
            figures[name] = {"metric": metric, **own, "others": others}
    return figures


def _metric(manifest: Manifest) -> str:
    """What versions are compared by."""
    metric: str = manifest.config["gate"]["compared_by"]
    return metric
