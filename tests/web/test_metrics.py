"""What `/metrics` says, of one process and of several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.model.lineage import Agreement, Drift, NoiseFloor
from service.model.recommender import Recommender
from service.web.metrics import Metrics

ROOT = Path(__file__).parents[2]
THRESHOLD = "item2vec_model_drift_threshold"


def samples(text: str) -> dict[str, float]:
    """The value of every sample by its name; those of several labels are added up."""
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = f"{sample.name}_{sample.labels['le']}" if "le" in sample.labels else sample.name
            values[name] = values.get(name, 0) + sample.value
    return values


def test_searches_are_seen_waiting_and_in_batches():
    metrics = Metrics()
    metrics.waiting(3)
    for batch in (1, 2, 3):
        metrics.searched(batch)
    values = samples(metrics.text().decode())
    assert values["item2vec_searches_waiting"] == 3
    assert values["item2vec_search_batch_size_sum"] == 6
    assert [
        values[f"item2vec_search_batch_size_bucket_{size}"] for size in ("1.0", "2.0", "4.0")
    ] == [1, 2, 3]
    metrics.waiting(0)
    assert samples(metrics.text().decode())["item2vec_searches_waiting"] == 0


def test_requests_are_seen_while_they_are_answered():
    metrics = Metrics()
    for requests in (1, 2, 1):
        metrics.answering(requests)
    assert samples(metrics.text().decode())["item2vec_requests_in_flight"] == 1


def test_the_drift_of_the_served_model_is_seen_by_band(store, publish):
    publish()
    recommender = Recommender(store.load())
    metrics = Metrics()
    drift = Drift(
        since="v0",
        bands={"frequent": agreement(0.8), "rare": agreement(0.6)},
        floor=NoiseFloor(measured="v0", bands={"frequent": agreement(0.9)}),
    )
    manifest = recommender.artifact.manifest.model_copy(update={"drift": drift})
    metrics.of_model("").served(manifest)
    lines = metrics.text().decode().splitlines()
    assert 'item2vec_model_drift_overlap{band="frequent",model=""} 0.8' in lines
    assert 'item2vec_model_drift_overlap{band="rare",model=""} 0.6' in lines
    assert 'item2vec_model_drift_overlap{band="middling",model=""} NaN' in lines
    assert 'item2vec_model_drift_threshold{band="rare",model=""} NaN' in lines
    [threshold] = [line for line in lines if line.startswith(f'{THRESHOLD}{{band="frequent"')]
    assert float(threshold.split()[1]) == pytest.approx(0.9 - 3 * 0.01)
    metrics.of_model("").served(recommender.artifact.manifest)
    assert 'item2vec_model_drift_overlap{band="frequent",model=""} NaN' in metrics.text().decode()


def agreement(overlap: float) -> Agreement:
    return Agreement(items=300, overlap=overlap, deviation=0.01)


# Prints the metrics of three workers, then those of the first when the others were killed: one that
# answered and served the newest model, and one that has no model yet.
WORKERS = """
import os, signal
from datetime import UTC, datetime
from types import SimpleNamespace
from service.web.metrics import Metrics

def work(requests, searches, year):
    metrics = Metrics()
    metrics.answered("", "/recommend", "next", 200, 0.1)
    metrics.answering(requests)
    metrics.waiting(searches)
    metrics.searched(searches)
    created = datetime(year, 1, 1, tzinfo=UTC)
    manifest = SimpleNamespace(items=year, untrained=0, created=created, drift=None)
    metrics.of_model("").served(manifest)
    return metrics

def start(worker, *arguments):
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        worker(*arguments)
        os.write(writing, b"works")
        signal.pause()
    os.read(reading, 5)
    return process

metrics = work(1, 2, 2026)
others = [start(work, 10, 20, 2027), start(lambda: Metrics().of_model(""))]
print(metrics.text().decode())
print("killed")
for process in others:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
print(metrics.text().decode())
"""


@pytest.fixture
def together_and_alone(tmp_path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics of three workers, and those after two of them were killed."""
    output = subprocess.run(
        [sys.executable, "-c", WORKERS],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    ).stdout
    before, after = output.split("killed\n")
    return samples(before), samples(after)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_workers_count_together_and_what_a_dead_one_counted_stays(together_and_alone):
    for values in together_and_alone:
        assert values["item2vec_requests_total"] == 2
        assert values["item2vec_request_duration_seconds_count"] == 2
        assert values["item2vec_search_batch_size_count"] == 2
        assert values["item2vec_search_batch_size_sum"] == 22


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_what_goes_on_now_is_that_of_living_workers(together_and_alone):
    together, alone = together_and_alone
    for name, both, first in (
        ("requests_in_flight", 11, 1),
        ("searches_waiting", 22, 2),
        ("model_items", 2027, 2026),
        ("build_info", 1, 1),
    ):
        assert (together[f"item2vec_{name}"], alone[f"item2vec_{name}"]) == (both, first)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_worker_that_is_still_loading_does_not_make_the_model_old(together_and_alone):
    together, alone = together_and_alone
    newest, oldest = (
        f"item2vec_model_{which}_timestamp_seconds" for which in ("created", "oldest")
    )
    assert together[oldest] == alone[oldest] == alone[newest] < together[newest]
