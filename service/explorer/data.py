"""What the page asks for beyond the rankings: the map, its colors, and many items at once."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameters
from pydantic import AfterValidator, BeforeValidator

from service.explorer import schemas
from service.model.answers import Item
from service.model.errors import InputError, short
from service.model.recommender import Recommender
from service.web import kinds, requests
from service.web.dependencies import CacheableModel, PersonalModel, check_limits
from service.web.kinds import INVALID_REQUEST, NO_MODEL
from service.web.problems import ProblemError, documented

BINARY = "application/octet-stream"
DECIMALS = 4
ROWS = re.compile(r"[0-9]{1,9}(,[0-9]{1,9})*")

data = APIRouter(
    prefix="/explore", tags=["explorer"], responses=documented(INVALID_REQUEST, NO_MODEL)
)


def _binary(what: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": what, "content": {BINARY: {"schema": schema}}}}


@data.get("/about", response_model=schemas.AboutAnswer, summary="The model at a glance")
def about(model: PersonalModel, request: Request) -> dict[str, Any]:
    """What a page needs to know before it asks: the size of the model, its columns and its map."""
    state, manifest = request.app.state, model.artifact.manifest
    overview = model.overview
    examples = [model.item_at(row) for row in overview.examples]
    return {
        "model_version": model.version,
        "items": manifest.items,
        "vector_size": manifest.vector_size,
        "relations": list(model.relations),
        "is_admin": request.scope["is_admin"],
        "models": list(state.models) if len(state.models) > 1 else [],
        "max_k": state.settings.max_k,
        "max_items": state.settings.max_items,
        "spread": [round(one, 5) for one in overview.spread.tolist()],
        "examples": [{"item_id": item.item_id, "title": item.title} for item in examples],
        "columns": [
            {"name": one.name, "kind": one.kind, "groups": one.groups}
            for one in overview.groupings.values()
        ],
        "map": _map_body(model),
        "similar": {"decay": manifest.similar.decay},
        "next": manifest.next
        and {"decay": manifest.next.decay, "last_items": manifest.next.last_items},
    }


def _map_body(model: Recommender) -> dict[str, Any] | None:
    found = model.artifact.manifest.map
    return None if found is None else {"groups": [group.model_dump() for group in found.groups]}


@data.get(
    "/map",
    response_class=Response,
    responses=_binary("6 bytes an item.") | documented(kinds.NO_MAP),
    summary="Every item in a plane",
)
async def item_map(model: CacheableModel, response: Response) -> Response:
    """6 bytes for each trained item, in the order of the rows, the lowest byte first.

    `x` and `y` (uint16, y upwards), the cluster (uint8; `/explore/about` names them), and eight
    times the binary logarithm of how often the item was seen (uint8, at most 255).
    """
    found = model.artifact.map
    if found is None:
        detail = f"model {model.version} has no map: train with map.positions = true"
        raise ProblemError(kinds.NO_MAP, detail)
    return Response(found.points.tobytes(), media_type=BINARY, headers=dict(response.headers))


@data.get(
    "/colors",
    response_class=Response,
    responses=_binary("A byte an item.") | documented(kinds.NOT_FOUND),
    summary="The group of every item by one column",
)
def colors(
    column: Annotated[str, Parameters(max_length=1024)], model: CacheableModel, response: Response
) -> Response:
    """A byte for each trained item: its group by this column, 255 without a value.

    `/explore/about` has the columns and the names of their groups.
    """
    groupings = model.overview.groupings
    if column not in groupings:
        known = short(", ".join(groupings)) or "none"
        raise InputError(f"column: nothing is grouped by {short(column)!r}; columns: {known}")
    content = groupings[column].members.tobytes()
    return Response(content, media_type=BINARY, headers=dict(response.headers))


def _rows(text: str) -> str:
    if not ROWS.fullmatch(text):
        raise ValueError("give rows as 0,17,204")
    return text


Rows = Annotated[
    str | None,
    AfterValidator(lambda text: text and _rows(text)),
    Parameters(max_length=20_000, description="Rows, as `0,17,204`.", examples=["0,17,204"]),
]


@data.get("/items", response_model=schemas.RowsAnswer, summary="Items by their rows or ids")
def items(
    model: CacheableModel,
    request: Request,
    rows: Rows = None,
    id: Annotated[list[requests.ItemId] | None, Parameters(description="Ids.")] = None,
    vectors: Annotated[bool, BeforeValidator(requests.flag), Parameters(strict=True)] = False,
) -> dict[str, Any]:
    """Items in the order asked for, those by rows first; unknown ids are listed."""
    ids = id or []
    wanted = [int(row) for row in rows.split(",")] if rows else []
    check_limits(request, 0, [*wanted, *ids])
    known = model.artifact.manifest.known
    for row in wanted:
        if row >= known:
            raise InputError(f"rows: there is no row {row}, but 0 to {known - 1}")
    by_id = {item_id: model.row(item_id) for item_id in ids}
    wanted += [row for row in map(by_id.__getitem__, ids) if row is not None]
    bodies = [_row_body(row, model.item_at(row)) for row in wanted]
    if vectors:
        _add_vectors(model, bodies)
    unknown = [item_id for item_id, row in by_id.items() if row is None]
    return {"model_version": model.version, "items": bodies, "unknown_items": unknown}


def _row_body(row: int, item: Item) -> dict[str, Any]:
    return {**vars(item), "row": row if item.trained else None, "vector": None}


def _add_vectors(model: Recommender, bodies: list[dict[str, Any]]) -> None:
    trained = [body for body in bodies if body["trained"]]
    units = model.unit_vectors([body["row"] for body in trained])
    for body, vector in zip(trained, units.tolist(), strict=True):
        body["vector"] = [round(one, DECIMALS) for one in vector]
