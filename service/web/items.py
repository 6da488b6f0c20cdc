"""What the model knows of items, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameters

from service.web import kinds, requests, schemas
from service.web.answers import DIGITS
from service.web.dependencies import CacheableModel, K
from service.web.kinds import INVALID_REQUEST, NO_MODEL
from service.web.problems import documented

items = APIRouter(tags=["queries"], responses=documented(INVALID_REQUEST, NO_MODEL))


@items.get(
    "/similarity",
    response_model=schemas.SimilarityAnswer,
    responses=documented(kinds.UNKNOWN_ITEM),
    summary="How similar two items are",
)
async def similarity(
    a: requests.ItemId, b: requests.ItemId, model: CacheableModel
) -> dict[str, Any]:
    """Their cosine, without the discount for rare items."""
    cosine = round(model.similarity(a, b), DIGITS)
    return {"model_version": model.version, "a": a, "b": b, "cosine": cosine}


@items.get("/items", response_model=schemas.ItemsAnswer, summary="Find items")
def find_items(
    q: Annotated[str, Parameters(min_length=1, max_length=1024)],
    k: K,
    model: CacheableModel,
    filter: requests.Condition = None,
) -> dict[str, Any]:
    """The most frequent items that have every word of `q` in their id or title.

    Untrained items, known from the file of items alone, come last. The last word may be the
    beginning of one. A misspelt word is corrected if nothing is found.
    """
    found = model.find(q, k, filter)
    return {"model_version": model.version, "returned": len(found), "items": found}


@items.get(
    "/items/{item_id:text}/vector",
    response_model=schemas.VectorAnswer,
    responses=documented(kinds.UNKNOWN_ITEM),
    summary="The vector of one item",
)
async def vector(item_id: str, model: CacheableModel) -> dict[str, Any]:
    """Its input vector, not scaled to length 1."""
    numbers = model.vector(item_id).tolist()
    return {"model_version": model.version, "item_id": item_id, "vector": numbers}


@items.get(
    "/items/{item_id:text}",
    response_model=schemas.ItemAnswer,
    responses=documented(kinds.UNKNOWN_ITEM),
    summary="One item",
)
async def item(item_id: str, model: CacheableModel) -> dict[str, Any]:
    """Title, count and metadata of an item, and whether it is trained."""
    return {"model_version": model.version, **vars(model.item(item_id))}
