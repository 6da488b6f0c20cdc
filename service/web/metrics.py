"""The Prometheus metrics of the service."""

import math
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from service import __version__
from service.model.artifact import Manifest
from service.model.lineage import BANDS

UNMATCHED = "unmatched"
BUCKETS = (  # seconds
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
BATCHES = (1, 2, 4, 8, 16, 32, 64)  # searches


class Metrics:
    """The metrics of one application; labels never contain item ids.

    Counters and histograms keep what dead workers counted, gauges are those of living ones.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._by_outcome: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter(
            "item2vec_requests",
            "Requests answered.",
            ["model", "route", "relation", "status"],
            registry=self._registry,
        )
        self.duration = Histogram(
            "item2vec_request_duration_seconds",
            "Time from request to the end of its answer.",
            ["model", "route", "relation"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self.fallbacks = Counter(
            "item2vec_fallbacks",
            "Recommendations answered by popularity because no liked item was known.",
            registry=self._registry,
        )
        self.short_answers = Counter(
            "item2vec_short_answers",
            "Answers with fewer items than were asked for.",
            registry=self._registry,
        )
        self.unknown_items = Counter(
            "item2vec_unknown_items",
            "Items asked for that the model did not know.",
            registry=self._registry,
        )
        self.refusals = Counter(
            "item2vec_refusals",
            "Connections and requests refused because they are malformed, too large, too slow, or "
            "too many.",
            ["problem"],
            registry=self._registry,
        )
        self.refreshes = Counter(
            "item2vec_model_refreshes",
            "Attempts to serve a newly published model, and losses of the store.",
            ["model", "outcome"],
            registry=self._registry,
        )
        self.pulls = Counter(
            "item2vec_model_pulls",
            "Attempts to bring a newly pushed model from the object store.",
            ["outcome"],
            registry=self._registry,
        )
        self.batches = Histogram(
            "item2vec_search_batch_size",
            "Concurrent searches that were answered together.",
            buckets=BATCHES,
            registry=self._registry,
        )
        self.in_flight = self._gauge(
            "item2vec_requests_in_flight", "Requests that are being answered.", "livesum"
        )
        self.queue = self._gauge(
            "item2vec_searches_waiting", "Searches that wait for their turn.", "livesum"
        )
        self.items = self._gauge(
            "item2vec_model_items", "Items in the model served.", "livemostrecent", ["model"]
        )
        self.untrained_items = self._gauge(
            "item2vec_model_untrained_items",
            "Items that the model served knows from the file of items alone.",
            "livemostrecent",
            ["model"],
        )
        self.hidden_items = self._gauge(
            "item2vec_hidden_items", "Items that no answer names.", "livemostrecent", ["model"]
        )
        self.created = self._gauge(
            "item2vec_model_created_timestamp_seconds",
            "When the model served was created.",
            "livemostrecent",
            ["model"],
        )
        self.oldest = self._gauge(
            "item2vec_model_oldest_timestamp_seconds",
            "When the oldest model served by any worker was created.",
            "livemin",
            ["model"],
        )
        self.last_run = self._gauge(
            "item2vec_job_last_run_timestamp_seconds",
            "When the nightly job last ended with this outcome.",
            "livemostrecent",
            ["model", "outcome"],
        )
        self.overlap = self._gauge(
            "item2vec_model_drift_overlap",
            "Share of top-10 lists that the model served kept from the version before.",
            "livemostrecent",
            ["model", "band"],
        )
        self.overlap_threshold = self._gauge(
            "item2vec_model_drift_threshold",
            "Overlap below which chance alone does not explain the drift.",
            "livemostrecent",
            ["model", "band"],
        )
        build = Gauge(
            "item2vec_build_info",
            "The version that runs; always 1.",
            ["version", "python"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        build.labels(__version__, platform.python_version()).set(1)

    def _gauge(
        self,
        name: str,
        text: str,
        over_workers: Literal["livesum", "livemin", "livemostrecent"],
        labels: Sequence[str] = (),
    ) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=over_workers)

    def of_model(self, name: str) -> "ModelMetrics":
        """The metrics of one model."""
        return ModelMetrics(self, name)

    def answered(self, model: str, route: str, relation: str, status: int, seconds: float) -> None:
        """Counts and times a request by its model, route and relation, empty if it has none."""
        outcome = model, route, relation, status
        if outcome not in self._by_outcome:  # finding children by their labels is slow
            count = self.requests.labels(*outcome)
            self._by_outcome[outcome] = count, self.duration.labels(model, route, relation)
        count, duration = self._by_outcome[outcome]
        count.inc()
        duration.observe(seconds)

    def listed(self, k: int, returned: int) -> None:
        """Notes how many items an answer has of those that were asked for."""
        if returned < k:
            self.short_answers.inc()

    def answering(self, requests: int) -> None:
        """Notes how many requests are being answered now."""
        self.in_flight.set(requests)

    def waiting(self, searches: int) -> None:
        """Notes how many searches wait for their turn now."""
        self.queue.set(searches)

    def searched(self, batch: int) -> None:
        """Notes how many concurrent searches were answered together."""
        self.batches.observe(batch)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format, combined over the worker processes."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            _forget_dead_workers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


class ModelMetrics:
    """What is measured of one model.

    Args:
        metrics: of the application.
        name: of the model, empty if it is the only one.
    """

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._refreshes = metrics.refreshes
        self._last_run = metrics.last_run
        self._drift = metrics.overlap, metrics.overlap_threshold
        self._name = name
        self._items, self._untrained, self._created, self._oldest, self._hidden = (
            gauge.labels(name)
            for gauge in (
                metrics.items,
                metrics.untrained_items,
                metrics.created,
                metrics.oldest,
                metrics.hidden_items,
            )
        )
        self._oldest.set(math.inf)  # not 0, which a worker that is loading would make the oldest

    def refreshed(self, outcome: str) -> None:
        """Counts an attempt to serve a newly published version."""
        self._refreshes.labels(self._name, outcome).inc()

    def served(self, manifest: Manifest) -> None:
        """Notes which version is served now."""
        self._items.set(manifest.items)
        self._untrained.set(manifest.untrained)
        self._created.set(manifest.created.timestamp())
        self._oldest.set(manifest.created.timestamp())
        drift = manifest.drift
        for band in BANDS:  # NaN where it was not measured
            overlap, threshold = self._drift
            overlap.labels(self._name, band).set(drift.overlap(band) if drift else math.nan)
            threshold.labels(self._name, band).set(drift.threshold(band) if drift else math.nan)

    def ran(self, outcome: str, ended: datetime) -> None:
        """Notes when the nightly job last ended with an outcome."""
        self._last_run.labels(self._name, outcome).set(ended.timestamp())

    def hidden(self, items: int) -> None:
        """Notes how many items no answer names."""
        self._hidden.set(items)


def _forget_dead_workers(directory: Path) -> None:
    """Removes what killed workers left half-made, and their gauges; their counters stay.

    The collector fails on an empty file, which a worker leaves that is killed while it makes one:
    https://github.com/prometheus/client_python/issues/1199
    """
    for path in directory.glob("*.db"):
        if _is_alive(int(path.stem.rpartition("_")[2])):
            continue
        with suppress(FileNotFoundError):  # another worker removed it
            if path.name.startswith("gauge") or not path.stat().st_size:
                path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
