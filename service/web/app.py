"""The HTTP service: `create_app(settings)`."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from service import __version__
from service.explorer.data import data
from service.explorer.page import page
from service.model.nights import Nights
from service.model.store import Store
from service.web.admin import admin
from service.web.caching import Conditional
from service.web.choosing import ChooseModel, servers, unknown
from service.web.contract import check_parameters
from service.web.direct import AnswerDirectly
from service.web.document import complete_document
from service.web.heartbeat import Heartbeat
from service.web.items import items
from service.web.limits import LimitBody, ShedLoad
from service.web.live_model import HIDDEN_SECONDS, LiveModel, Outcome
from service.web.metrics import Metrics, ModelMetrics
from service.web.middleware import AnswerHead
from service.web.nightly import nights
from service.web.observe import Observe
from service.web.operations import operations
from service.web.other_versions import Versions
from service.web.problems import add_handlers
from service.web.pulling import pulling
from service.web.routes import queries
from service.web.searches import Searches, search_on_one_thread
from service.web.security import Keys, RequireKey
from service.web.settings import Settings
from service.web.versions import versions

OBJECTS_BETWEEN_COLLECTIONS = 20_000
DESCRIPTION = (
    "Similar items, recommendations for a taste, what comes next and analogies, from item vectors."
)


def create_app(
    settings: Settings | None = None, stores: Mapping[str, Store] | None = None
) -> FastAPI:
    """The application that serves the current model of a store.

    Args:
        settings: read from the environment by default.
        stores: where the models are, by name; by default those that the settings name.
    """
    settings = settings or Settings.from_environment()
    stores = stores or {name: Store(directory) for name, directory in settings.stores.items()}
    metrics = Metrics()
    searches = Searches(metrics)
    measured = {name: metrics.of_model(name) for name in stores}
    models = {name: _live_model(name, store, measured[name]) for name, store in stores.items()}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        search_on_one_thread()
        _relax_collector()
        await asyncio.gather(*(asyncio.to_thread(model.refresh) for model in models.values()))
        polls = [
            asyncio.create_task(poll)
            for model in models.values()
            for poll in (
                _poll(model.refresh, settings.poll_seconds),
                _poll(model.refresh_hidden, HIDDEN_SECONDS),
            )
        ]
        with pulling(settings, metrics):
            yield
        for poll in polls:
            poll.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await poll
        searches.close()

    app = FastAPIOffline(
        title="item2vec",
        version=__version__,
        generate_unique_id_function=lambda route: route.name,
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        servers=servers(models),
    )
    app.state.settings, app.state.metrics, app.state.models = settings, metrics, models
    app.state.searches = searches
    app.state.versions = {model: Versions(model) for model in models.values()}
    app.state.nights = {model: Nights(model.store.directory) for model in models.values()}
    app.state.heartbeats = [
        Heartbeat(app.state.nights[model], measured[name].ran) for name, model in models.items()
    ]
    _add_routes(app, several=len(models) > 1)
    add_handlers(app)
    keys = Keys.of(settings)
    complete_document(app, settings, asks_for_keys=bool(keys))
    # The middleware added last is the first to see a request.
    app.add_middleware(Conditional)
    app.add_middleware(ShedLoad, settings=settings, metrics=metrics)
    app.add_middleware(AnswerDirectly, settings=settings, metrics=metrics, searches=searches)
    app.add_middleware(LimitBody, max_bytes=settings.max_body_bytes, metrics=metrics)
    app.add_middleware(RequireKey, keys=keys, host=settings.host)
    app.add_middleware(Observe, metrics=metrics)
    app.add_middleware(ChooseModel, models=models)
    app.add_middleware(AnswerHead)
    if settings.cors_origins:
        _allow_origins(app, settings.cors_origins)
    return app


def _add_routes(app: FastAPI, *, several: bool) -> None:
    for router in (queries, items, data, versions, nights, operations, admin):
        app.include_router(router, dependencies=[Depends(check_parameters)])
    app.include_router(page)
    if several:
        app.include_router(unknown)


def _relax_collector() -> None:
    """Makes Python look for cycles less often, and not among what stays: answers leave none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def _allow_origins(app: FastAPI, origins: str) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[origin.strip() for origin in origins.split(",")],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["Authorization", "X-API-Key", "X-Request-ID"],
        expose_headers=["ETag", "Retry-After", "X-Request-ID"],
    )


async def _poll(refresh: Callable[[], None], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(refresh)
        except Exception:
            logging.getLogger(__name__).exception("looking for a new model failed")


def _live_model(name: str, store: Store, measured: ModelMetrics) -> LiveModel:
    def note(outcome: Outcome) -> None:
        measured.refreshed(outcome)
        if outcome == "served":
            measured.served(model.get().artifact.manifest)

    model = LiveModel(store, note, on_hidden=measured.hidden, name=name)
    return model
