"""The HTTP routes of an admin: hide items, show them again, and choose the version to serve."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi import Query as Parameters
from pydantic import BeforeValidator, Field

from service.model.errors import (
    ArtifactError,
    InputError,
    JobRunningError,
    NoModelError,
    UnavailableError,
)
from service.model.store import Store
from service.web import kinds, requests, schemas, version_schemas
from service.web.caching import PERSONAL
from service.web.choosing import chosen
from service.web.dependencies import K
from service.web.live_model import LiveModel
from service.web.problems import ProblemError, documented, problem


async def _check_admin(request: Request, response: Response) -> None:
    if not request.scope["is_admin"]:
        raise HTTPException(403, kinds.NOT_ADMIN.example)
    response.headers.update(PERSONAL)


async def _live_model(request: Request) -> LiveModel:
    return chosen(request)


Model = Annotated[LiveModel, Depends(_live_model)]

admin = APIRouter(
    prefix="/admin",
    tags=["admin"],
    dependencies=[Depends(_check_admin)],
    responses=documented(kinds.INVALID_REQUEST, kinds.NOT_ADMIN),
)


class HiddenItem(schemas.Body):
    """Whether an item is hidden."""

    item_id: str = Field(examples=["85123A"])
    hidden: bool
    known: bool = Field(
        description="Whether the model that is served knows the item, trained or not."
    )


class HiddenItems(schemas.Body):
    """A page of the hidden items, in the order of their ids."""

    total: int = Field(description="How many items are hidden.", examples=[1])
    offset: int = Field(description="How many of them come before this page.", examples=[0])
    returned: int = Field(examples=[1])
    item_ids: list[str] = Field(examples=[["85123A"]])


Skipped = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
_ITEM = "/hidden/{item_id:text}"
_PROBLEMS = documented(kinds.HIDDEN_ELSEWHERE, kinds.NOT_CHANGED)


@admin.put(_ITEM, response_model=HiddenItem, responses=_PROBLEMS, summary="Hide an item")
def hide(item_id: str, request: Request, model: Model) -> Any:  # noqa: ANN401
    """No answer names the item from now on: in this worker at once, in all others in a second.

    It stays hidden over restarts, and in models to come; the model need not know it.
    """
    return _elsewhere(request) or _changed(model, item_id, model.hide, hidden=True)


@admin.delete(_ITEM, response_model=HiddenItem, responses=_PROBLEMS, summary="Show an item again")
def show(item_id: str, request: Request, model: Model) -> Any:  # noqa: ANN401
    """Answers may name the item again, whether or not it was hidden."""
    return _elsewhere(request) or _changed(model, item_id, model.show, hidden=False)


@admin.get("/hidden", response_model=HiddenItems, summary="The hidden items")
def hidden_items(
    model: Model,
    k: K,
    offset: Annotated[
        Skipped, BeforeValidator(requests.number), Parameters(description="How many items to skip.")
    ] = 0,
) -> dict[str, Any]:
    """Up to `k` of the hidden items, in the order of their ids."""
    model.refresh_hidden()
    page = sorted(model.hidden_ids)[offset : offset + k]
    return {
        "total": len(model.hidden_ids),
        "offset": offset,
        "returned": len(page),
        "item_ids": page,
    }


def _elsewhere(request: Request) -> Response | None:
    """The problem of a service that takes its hidden items from an object store."""
    url = request.app.state.settings.pull
    if url is None:
        return None
    detail = f"the hidden items are those of {url}: run `item2vec hide --push {url}`"
    return problem(kinds.HIDDEN_ELSEWHERE, detail)


def _changed(
    model: LiveModel, item_id: str, change: Callable[[str], None], *, hidden: bool
) -> dict[str, Any] | Response:
    try:
        change(item_id)
    except (ArtifactError, JobRunningError, UnavailableError) as error:
        return problem(kinds.NOT_CHANGED, str(error), headers={"Retry-After": "5"})
    known = model.loaded is not None and model.loaded.knows(item_id)
    return {"item_id": item_id, "hidden": hidden, "known": known}


@admin.put(
    "/current",
    response_model=version_schemas.CurrentAnswer,
    responses=documented(
        kinds.NO_VERSION,
        kinds.DAMAGED_VERSION,
        kinds.PUBLISHED_ELSEWHERE,
        kinds.NOT_CHANGED,
        kinds.MALFORMED_JSON,
        kinds.TOO_LARGE,
    ),
    summary="Choose the version to serve",
)
def publish(body: version_schemas.CurrentRequest, request: Request, model: Model) -> Any:  # noqa: ANN401
    """Makes a version current, also an earlier one: served at once here, in seconds elsewhere."""
    if url := request.app.state.settings.pull:
        raise ProblemError(kinds.PUBLISHED_ELSEWHERE, f"the current version is that of {url}")
    before = _current(model.store)
    try:
        model.store.path(body.version)
    except InputError as error:
        raise ProblemError(kinds.NO_VERSION, str(error)) from None
    try:
        model.store.promote(body.version)
    except ArtifactError as error:
        raise ProblemError(kinds.DAMAGED_VERSION, str(error)) from None
    except (InputError, JobRunningError, UnavailableError) as error:
        return problem(kinds.NOT_CHANGED, str(error), headers={"Retry-After": "5"})
    model.refresh()
    return {"version": body.version, "before": before}


def _current(store: Store) -> str | None:
    try:
        return store.current()
    except NoModelError:
        return None
