import http.client
import json
import logging
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

from service.app import create_app
from service.artifact import INPUT_VECTORS, Artifact
from service.errors import NoModelError
from service.live_model import LiveModel
from service.settings import Settings
from service.store import Store
from tests.conftest import make_artifact
from trainer.config import IndexConfig
from trainer.index import cosine_index

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
        path.write_bytes(path.read_bytes()[:-1])
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
    outcomes: list[bool] = []
    model = LiveModel(store, outcomes.append)
    for _ in range(2):
        version = publish()
        model.refresh()
        assert model.get().version == version
    assert outcomes == [True, True]


def test_the_version_served_is_not_loaded_again(store: Store, publish: Callable[[], str]):
    publish()
    outcomes: list[bool] = []
    model = LiveModel(store, outcomes.append)
    model.refresh()
    served = model.get()
    model.refresh()
    assert model.get() is served
    assert outcomes == [True]


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
    outcomes: list[bool] = []
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
    assert outcomes == [True, False]

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
    vectors.write_bytes((store.path(good) / INPUT_VECTORS).read_bytes())
    store.promote(damaged)
    model.refresh()
    assert model.get().version == damaged


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


def hnsw_artifact(version: str) -> Artifact:
    artifact = make_artifact(version)
    index = cosine_index(artifact.input_vectors, IndexConfig(search="hnsw"))
    return replace(artifact, cosine_index=index)


@pytest.mark.parametrize("build", [make_artifact, hnsw_artifact])
def test_a_request_that_holds_a_pruned_version_still_gets_its_answer(
    store: Store, publish: Callable[[], str], build: Callable[[str], Artifact]
):
    first = store.add(build).model_version
    store.promote(first)
    model = LiveModel(store)
    model.refresh()
    held = model.get()
    expected = held.similar("apple"), held.recommend(["saw", "pear"]), held.item("plum")

    publish()
    model.refresh()
    assert store.prune(1) == [first]

    assert model.get().version != first
    assert held.version == first
    assert (held.similar("apple"), held.recommend(["saw", "pear"]), held.item("plum")) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_version_replaced_is_let_go(store: Store, publish: Callable[[], str]):
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
    refused = 'item2vec_model_refreshes_total{outcome="refused"} 1.0'
    until(lambda: refused in watching.get("/metrics").text)
    assert served() == first
    assert watching.get("/readyz").status_code == 200


def test_looking_goes_on_after_an_unexpected_failure(
    watching: TestClient, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    failed = threading.Event()

    def fail(_: Store) -> str:
        failed.set()
        raise RuntimeError("a surprise")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "current", fail)
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
