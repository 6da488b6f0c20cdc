"""The least a FastAPI route can do: a constant answer of ten items."""

from typing import Any

from fastapi import FastAPI

ANSWER = {
    "model_version": "20260102-030405-678901",
    "requested": 10,
    "returned": 10,
    "short_because": None,
    "items": [
        {"item_id": f"item-{row}", "title": f"Title of item number {row}", "score": 1 - row / 100}
        for row in range(10)
    ],
    "relation": "similar",
    "score_kind": "cosine",
}

app = FastAPI()


@app.get("/similar/{item_id}")
async def similar(item_id: str, k: int = 10) -> dict[str, Any]:  # noqa: ARG001
    """Always the same."""
    return ANSWER
