import errno
import hashlib
import http.client
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from service.model import checksums, reader
from service.model.artifact import COUNTS, INPUT_VECTORS, MANIFEST, MANIFEST_CHECKSUM, Artifact
from service.model.errors import NoModelError
from service.model.store import Promotion, Store
from service.web.app import create_app
from service.web.live_model import FIRST_WAIT, LONGEST_WAIT, LiveModel, Outcome
from service.web.settings import Settings
from tests.conftest import make_artifact, overwrite, quantized_artifact

ROOT = Path(__file__).parents[2]
OFTEN = 0.02  # seconds from one look for a new model to the next
PATIENCE = 10  # seconds until a test stops waiting


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(OFTEN / 4)


@pytest.fixture
def publish_damaged(store: Store) -> Callable[[], str]:
    """Makes a version current that lost its last byte after it was verified."""

    def publish_damaged() -> str:
        version = store.add(make_artifact).model_version
        path = store.path(version) / INPUT_VECTORS
        overwrite(path, path.read_bytes()[:-1])
        with (store.directory / "history").open("a") as history:
            history.write(f"{version}\n")
        return version

    return publish_damaged


# One LiveModel


def test_nothing_is_served_before_anything_is_published(store: Store):
    model = LiveModel(store)
    model.refresh()
    with pytest.raises(NoModelError, match="item2vec retrain"):
        model.get()


def test_the_published_version_is_served_after_a_refresh(store: Store, publish: Callable[[], str]):
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    for _ in range(2):
        version = publish()
        model.refresh()
        assert model.get().version == version
    assert outcomes == ["served", "served"]


def test_the_version_served_is_not_loaded_again(store: Store, publish: Callable[[], str]):
    publish()
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    model.refresh()
    served = model.get()
    model.refresh()
    assert model.get() is served
    assert outcomes == ["served"]


def test_a_rollback_is_followed(store: Store, publish: Callable[[], str]):
    first, second = publish(), publish()
    model = LiveModel(store)
    model.refresh()
    assert model.get().version == second
    store.rollback()
    model.refresh()
    assert model.get().version == first


def test_a_damaged_version_is_reported_once_and_the_old_one_keeps_serving(
    store: Store,
    publish: Callable[[], str],
    publish_damaged: Callable[[], str],
    caplog: pytest.LogCaptureFixture,
):
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    first = publish()
    model.refresh()
    damaged = publish_damaged()
    for _ in range(3):
        model.refresh()
        assert model.get().version == first
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert damaged in record.getMessage()
    assert INPUT_VECTORS in caplog.text
    assert outcomes == ["served", "refused"]
    assert "\n" not in record.getMessage()
    assert record.exc_info is None

    third = publish()
    model.refresh()
    assert model.get().version == third


def test_a_refused_version_is_tried_again_once_it_is_promoted_anew(
    store: Store, publish: Callable[[], str], publish_damaged: Callable[[], str]
):
    good = publish()
    model = LiveModel(store)
    damaged = publish_damaged()
    model.refresh()
    store.rollback()
    model.refresh()
    assert model.get().version == good
    vectors = store.path(damaged) / INPUT_VECTORS
    overwrite(vectors, (store.path(good) / INPUT_VECTORS).read_bytes())
    store.promote(damaged)
    model.refresh()
    assert model.get().version == damaged


def test_a_refused_version_is_tried_again_once_it_is_mended_and_promoted_as_it_stands(
    store: Store, publish: Callable[[], str], publish_damaged: Callable[[], str]
):
    good = publish()
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    damaged = publish_damaged()
    model.refresh()
    vectors = store.path(damaged) / INPUT_VECTORS
    overwrite(vectors, (store.path(good) / INPUT_VECTORS).read_bytes())
    model.refresh()
    assert outcomes == ["refused"]
    store.promote(damaged)
    model.refresh()
    assert model.get().version == damaged


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def failing(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    """From now on no checksum can be computed."""

    def fail(_: Path) -> str:
        raise failure

    monkeypatch.setattr(checksums, "of_file", fail)


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ESTALE, "Stale"), MemoryError()],
)
def test_a_version_that_cannot_be_read_now_is_tried_again(
    store: Store,
    publish: Callable[[], str],
    failure: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    outcomes: list[Outcome] = []
    clock = Clock()
    model = LiveModel(store, outcomes.append, clock)
    first = publish()
    model.refresh()
    second = publish()
    with monkeypatch.context() as patch:
        failing(patch, failure)
        model.refresh()
        model.refresh()  # too early to try again
        assert outcomes == ["served", "failed"]
        assert model.get().version == first
    clock.seconds += FIRST_WAIT
    model.refresh()
    assert outcomes == ["served", "failed", "served"]
    assert model.get().version == second
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert second in record.getMessage()
    assert record.exc_info is None


def test_a_file_that_comes_late_is_waited_for(store: Store, publish: Callable[[], str]):
    version = publish()
    late = store.path(version) / COUNTS
    late.rename(store.directory / "late")
    clock = Clock()
    model = LiveModel(store, clock=clock)
    model.refresh()
    with pytest.raises(NoModelError):
        model.get()
    (store.directory / "late").rename(late)
    clock.seconds += FIRST_WAIT
    model.refresh()
    assert model.get().version == version


def test_a_lasting_failure_is_tried_ever_more_rarely_and_logged_once(
    store: Store,
    publish: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    tried: list[float] = []
    clock = Clock()
    model = LiveModel(store, lambda _: tried.append(clock.seconds), clock)
    publish()
    with monkeypatch.context() as patch:
        failing(patch, OSError(errno.EIO, "Input/output error"))
        for second in range(400):
            clock.seconds = second
            model.refresh()
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]
    assert LONGEST_WAIT == 60
    assert len(caplog.records) == 1

    publish()  # another version is tried at once
    model.refresh()
    assert tried[-1] == 399


def test_a_version_that_is_not_there_is_one_sentence(
    store: Store, publish: Callable[[], str], caplog: pytest.LogCaptureFixture
):
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append, Clock())
    first = publish()
    model.refresh()
    with (store.directory / "history").open("a") as history:
        history.write("20990101\n")
    for _ in range(3):
        model.refresh()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "there is no version '20990101'" in record.getMessage()
    assert record.exc_info is None
    assert outcomes == ["served", "failed"]
    assert model.get().version == first


def emptied(history: Path) -> None:
    history.write_text("")


def deleted(history: Path) -> None:
    history.unlink()


def dangling(history: Path) -> None:
    history.unlink()
    history.symlink_to("nowhere")


def binary(history: Path) -> None:
    history.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize("lose", [emptied, deleted, dangling, binary])
def test_a_store_that_loses_its_history_is_reported_once_and_the_model_stays(
    store: Store,
    publish: Callable[[], str],
    lose: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
):
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    first = publish()
    model.refresh()
    history = store.directory / "history"
    content = history.read_text()
    for times in (1, 2):
        lose(history)
        for _ in range(3):
            model.refresh()
        assert model.get().version == first
        assert outcomes == ["served", *["lost"] * times]
        errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(errors) == times
        history.unlink(missing_ok=True)
        history.write_text(content)
        model.refresh()


def test_a_copy_under_another_name_is_refused_once(
    store: Store, publish: Callable[[], str], caplog: pytest.LogCaptureFixture
):
    outcomes: list[Outcome] = []
    model = LiveModel(store, outcomes.append)
    first = publish()
    shutil.copytree(store.path(first), store.path(first).with_name("copy"))
    (store.directory / "history").write_text("copy\n")
    for _ in range(3):
        model.refresh()
    assert outcomes == ["refused"]
    assert "rename it" in caplog.text


def test_a_damaged_history_keeps_the_model_served(store: Store, publish: Callable[[], str]):
    version = publish()
    model = LiveModel(store)
    model.refresh()
    (store.directory / "history").write_bytes(b"\xff\xfe")
    model.refresh()
    assert model.get().version == version


def test_a_damaged_first_version_is_no_model(store: Store, publish_damaged: Callable[[], str]):
    publish_damaged()
    model = LiveModel(store)
    model.refresh()
    with pytest.raises(NoModelError):
        model.get()


def test_a_store_that_cannot_be_read_keeps_the_model_served(
    store: Store, publish: Callable[[], str], caplog: pytest.LogCaptureFixture
):
    version = publish()
    model = LiveModel(store)
    model.refresh()
    (store.directory / "history").unlink()
    (store.directory / "history").mkdir()
    model.refresh()
    assert model.get().version == version
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("build", [make_artifact, quantized_artifact])
def test_a_request_that_holds_a_pruned_version_still_gets_its_answer(
    store: Store,
    publish: Callable[[], str],
    build: Callable[[str], Artifact],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    first = store.add(build).model_version
    store.promote(first)
    model = LiveModel(store)
    model.refresh()
    held = model.get()
    first_id, second_id = held.artifact.item_ids[:2]
    expected = held.similar(first_id), held.recommend([second_id]), held.item(second_id)

    publish()
    model.refresh()
    assert store.prune(1) == [first]

    assert model.get().version != first
    assert held.version == first
    again = held.similar(first_id), held.recommend([second_id]), held.item(second_id)
    assert again == expected


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_version_replaced_is_let_go(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    first = publish()
    model = LiveModel(store)
    model.refresh()
    assert first in Path("/proc/self/maps").read_text()
    second = publish()
    model.refresh()
    mapped = Path("/proc/self/maps").read_text()
    assert second in mapped
    assert first not in mapped


# The service around it


@pytest.fixture
def watching(store: Store) -> Iterator[TestClient]:
    """The service, which looks for a new model all the time."""
    with TestClient(create_app(Settings(models=store.directory, poll_seconds=OFTEN))) as client:
        yield client


def test_the_service_follows_the_store_without_a_restart(
    watching: TestClient,
    store: Store,
    publish: Callable[[], str],
    publish_damaged: Callable[[], str],
):
    def served() -> str:
        return watching.get("/model").json().get("model_version", "none")

    assert served() == "none"
    assert watching.get("/readyz").status_code == 503
    first = publish()
    until(lambda: served() == first)
    assert watching.get("/readyz").status_code == 200
    second = publish()
    until(lambda: served() == second)
    store.rollback()
    until(lambda: served() == first)
    publish_damaged()
    refused = 'item2vec_model_refreshes_total{model="",outcome="refused"} 1.0'
    until(lambda: refused in watching.get("/metrics").text)
    assert served() == first
    assert watching.get("/readyz").status_code == 200


def nest(store: Store, version: str, depth: int) -> None:
    """Makes the configuration in a manifest that deep."""
    manifest = store.path(version) / MANIFEST
    deep = '"config": {"deep": ' + "[" * depth + "]" * depth
    content = manifest.read_text().replace('"config": {', deep).encode()
    overwrite(manifest, content)
    line = f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n"
    overwrite(manifest.with_name(MANIFEST_CHECKSUM), line.encode())


@pytest.mark.parametrize("depth", [400, 3_000])
def test_a_service_starts_over_a_manifest_nested_too_deep(
    store: Store, publish: Callable[[], str], depth: int
):
    nest(store, publish(), depth)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        assert 'refreshes_total{model="",outcome="refused"} 1.0' in client.get("/metrics").text


def test_the_deepest_manifest_that_is_served_can_be_shown(store: Store, publish: Callable[[], str]):
    nest(store, publish(), 197)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        assert client.get("/readyz").status_code == 200
        assert client.get("/model").status_code == 200


SERVE = """
import os, signal
from datetime import UTC, datetime
from types import SimpleNamespace
from service.web.metrics import Metrics

def serve(year):
    metrics = Metrics()
    created = datetime(year, 1, 1, tzinfo=UTC)
    manifest = SimpleNamespace(items=1, untrained=0, created=created, drift=None)
    metrics.of_model("").served(manifest)
    return metrics

def oldest():
    lines = metrics.text().decode().splitlines()
    (line,) = [line for line in lines if line.startswith("item2vec_model_oldest_timestamp_seconds")]
    return datetime.fromtimestamp(float(line.split()[1]), UTC).year

reading, writing = os.pipe()
child = os.fork()
if not child:
    serve(2025)
    os.write(writing, b"served")
    signal.pause()
os.read(reading, 6)
metrics = serve(2026)
print(oldest())
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print(oldest())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_the_metrics_tell_of_a_worker_that_stays_behind_until_it_dies(tmp_path: Path):
    result = subprocess.run(
        [sys.executable, "-c", SERVE],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    assert result.stdout.split() == ["2025", "2026"]


def test_a_lost_history_is_seen_in_the_metrics(
    watching: TestClient, store: Store, publish: Callable[[], str]
):
    publish()
    until(lambda: watching.get("/readyz").status_code == 200)
    (store.directory / "history").unlink()
    lost = 'item2vec_model_refreshes_total{model="",outcome="lost"} 1.0'
    until(lambda: lost in watching.get("/metrics").text)
    assert watching.get("/readyz").status_code == 200


def test_looking_goes_on_after_an_unexpected_failure(
    watching: TestClient, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    failed = threading.Event()

    def fail(_: Store) -> Promotion:
        failed.set()
        raise RuntimeError("a surprise")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "promotion", fail)
        assert failed.wait(PATIENCE)
    version = publish()
    until(lambda: watching.get("/model").json().get("model_version") == version)


# A real server


@contextmanager
def running(settings: Settings) -> Iterator[int]:
    """The service on a free port of this machine, which is yielded."""
    config = uvicorn.Config(create_app(settings), port=0, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def distinct_artifact(version: str) -> Artifact:
    """A model in which every title names its version."""
    artifact = make_artifact(version)
    titles = [f"{item_id} of {version}" for item_id in artifact.item_ids]
    return replace(artifact, titles=titles)


REQUESTS = [
    ("GET", "/similar/apple", None),
    ("POST", "/recommend", json.dumps({"liked": ["pear", "saw"]})),
    ("POST", "/analogy", json.dumps({"positive": ["pear", "saw"], "negative": ["plum"]})),
    ("GET", "/items?q=a", None),
]


def ask_until(stop: threading.Event, port: int, answers: list[tuple[int, Any]]) -> None:
    """Sends one request after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    while not stop.is_set():
        for method, path, body in REQUESTS:
            connection.request(method, path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            answers.append((response.status, json.loads(response.read())))
    connection.close()


def test_no_request_fails_or_mixes_versions_while_versions_are_published(store: Store):
    def publish() -> str:
        version = store.add(distinct_artifact).model_version
        store.promote(version)
        store.prune(1)
        return version

    def newest_answered() -> bool:
        return bool(answers) and answers[-1][1].get("model_version") == published[-1]

    published = [publish()]
    answers: list[tuple[int, Any]] = []
    stop = threading.Event()
    with (
        running(Settings(models=store.directory, poll_seconds=OFTEN)) as port,
        ThreadPoolExecutor(4) as threads,
    ):
        asking = [threads.submit(ask_until, stop, port, answers) for _ in range(4)]
        try:
            until(newest_answered)
            for _ in range(10):
                published.append(publish())
                until(newest_answered)
        finally:
            stop.set()
        for asked in asking:
            asked.result()

    assert {status for status, _ in answers} == {200}
    assert sorted({body["model_version"] for _, body in answers}) == published
    for _, body in answers:
        assert body["items"]
        versions = {item["title"].split(" of ")[1] for item in body["items"]}
        assert versions == {body["model_version"]}
