"""The HTTP service: `create_app(settings)`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

from service import schemas
from service.live_model import LiveModel, Outcome
from service.metrics import MeterRequests, Metrics
from service.problems import LimitBody, add_handlers
from service.routes import NotModifiedError, operations, queries
from service.settings import Settings
from service.store import Store

DESCRIPTION = (
    "Similar items, recommendations for a taste, what comes next and analogies, from item vectors."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service over the current model of a store.

    Args:
        settings: read from the environment by default.
    """
    settings = settings or Settings.from_environment()
    metrics = Metrics()
    model = LiveModel(
        Store(settings.models), lambda outcome: _note_refresh(metrics, model, outcome)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(model.refresh)
        poll = asyncio.create_task(_poll(model, settings.poll_seconds))
        yield
        poll.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await poll

    app = FastAPIOffline(
        title="item2vec", description=DESCRIPTION, lifespan=lifespan, redoc_url=None
    )
    app.state.settings, app.state.metrics, app.state.model = settings, metrics, model
    app.include_router(queries)
    app.include_router(operations)
    app.add_middleware(LimitBody, max_bytes=settings.max_body_bytes)
    app.add_middleware(MeterRequests, metrics=metrics)
    app.add_exception_handler(NotModifiedError, _not_modified)
    add_handlers(app)
    _document_problems(app)
    return app


async def _poll(model: LiveModel, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(model.refresh)
        except Exception:
            logging.getLogger(__name__).exception("looking for a new model failed")


def _note_refresh(metrics: Metrics, model: LiveModel, outcome: Outcome) -> None:
    metrics.refreshes.labels(outcome).inc()
    if outcome == "served":
        metrics.served(model.get())


async def _not_modified(_: Request, error: Exception) -> Response:
    return Response(status_code=304, headers={"ETag": str(error)})


def _document_problems(app: FastAPI) -> None:
    """Adds the shape of problems to the OpenAPI document, which no route returns by itself."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schema = schemas.Problem.model_json_schema()
        document["components"]["schemas"]["Problem"] = schema
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
