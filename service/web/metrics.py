"""The Prometheus metrics of the service."""

import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.model.recommender import Recommender

UNMATCHED = "unmatched"


class Metrics:
    """The metrics of one application; labels never contain item ids."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "item2vec_requests", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self.duration = Histogram(
            "item2vec_request_duration_seconds",
            "Time from request to the end of its answer.",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=self._registry,
        )
        self.fallbacks = Counter(
            "item2vec_fallbacks",
            "Recommendations answered by popularity because no liked item was known.",
            registry=self._registry,
        )
        self.refreshes = Counter(
            "item2vec_model_refreshes",
            "Attempts to serve a newly published model, and losses of the store.",
            ["outcome"],
            registry=self._registry,
        )
        self.items = self._gauge("item2vec_model_items", "Items in the model served.")
        self.oldest = Gauge(
            "item2vec_model_oldest_timestamp_seconds",
            "When the oldest model served by any worker was created.",
            registry=self._registry,
            multiprocess_mode="livemin",
        )
        self.created = self._gauge(
            "item2vec_model_created_timestamp_seconds", "When the model served was created."
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="mostrecent")

    def served(self, recommender: Recommender) -> None:
        """Notes which model is served now."""
        manifest = recommender.artifact.manifest
        self.items.set(manifest.items)
        self.created.set(manifest.created.timestamp())
        self.oldest.set(manifest.created.timestamp())

    def text(self) -> bytes:
        """All metrics in Prometheus' text format, combined over the worker processes."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            _forget_dead_workers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _forget_dead_workers(directory: Path) -> None:
    """Removes the gauges of killed workers, which no longer serve a model; their counters stay."""
    for path in directory.glob("gauge_live*.db"):
        process = int(path.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            mark_process_dead(process)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue


class MeterRequests:
    """ASGI middleware that counts and times every request by its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and notes how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path_format", UNMATCHED)
            self._metrics.requests.labels(route, status).inc()
            self._metrics.duration.labels(route).observe(time.perf_counter() - started)
