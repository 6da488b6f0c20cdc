"""Items are hidden and shown over HTTP, in every worker and for good."""

import json
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from filelock import FileLock
from prometheus_client.mmap_dict import MmapedDict

from service.model import hidden, lock
from service.model.hidden import Hidden
from service.model.recommender import Recommender
from service.model.store import Store
from service.web.app import create_app
from service.web.live_model import LiveModel
from service.web.settings import Settings
from tests.conftest import FRUITS, make_artifact
from tests.web.test_live_model import until
from tests.web.test_main import get, running
from tests.worlds import problem

USER, ADMIN = "the-key-of-a-shop-page", "the-key-of-the-admin"
ODD = ["a/b", "/", "a/../b", "two\nlines", "ä☕", "100 %", "a?k=1", "hidden"]


@pytest.fixture
def model(client: TestClient) -> LiveModel:
    """What the service answers with."""
    return client.app.state.models[""]


def hide(client: TestClient, item_id: str) -> Any:
    return client.put(f"/admin/hidden/{quote(item_id, safe='')}")


def show(client: TestClient, item_id: str) -> Any:
    return client.delete(f"/admin/hidden/{quote(item_id, safe='')}")


def listed(client: TestClient, parameters: str = "") -> list[str]:
    return client.get(f"/admin/hidden{parameters}").json()["item_ids"]


# One service


def test_an_item_is_hidden_at_once_and_shown_again(client: TestClient, model: LiveModel):
    for _ in range(2):  # the second time changes nothing
        answer = hide(client, "pear")
        assert answer.status_code == 200
        assert answer.json() == {"item_id": "pear", "hidden": True, "known": True}
        assert model.get().hidden == {1}
    for _ in range(2):
        answer = show(client, "pear")
        assert answer.status_code == 200
        assert answer.json() == {"item_id": "pear", "hidden": False, "known": True}
        assert model.get().hidden == frozenset()


def test_what_the_model_does_not_know_can_be_hidden(client: TestClient, model: LiveModel):
    assert hide(client, "kiwi").json() == {"item_id": "kiwi", "hidden": True, "known": False}
    assert listed(client) == ["kiwi"]
    assert model.get().hidden == frozenset()


@pytest.mark.parametrize("item_id", ODD)
def test_any_id_can_be_hidden(client: TestClient, item_id: str):
    assert hide(client, item_id).json()["item_id"] == item_id
    assert listed(client) == [item_id]
    assert show(client, item_id).json()["item_id"] == item_id
    assert listed(client) == []


def test_the_list_comes_in_pages(client: TestClient, store: Store):
    Hidden(store.directory).hide(*map(str, range(25)))
    expected = sorted(map(str, range(25)))
    assert client.get("/admin/hidden").json() == {
        "total": 25,
        "offset": 0,
        "returned": 10,
        "item_ids": expected[:10],
    }
    assert listed(client, "?k=20&offset=20") == expected[20:]
    assert listed(client, "?offset=25") == []
    for parameters in ("k=0", "k=1001", "offset=-1", "offset=x", "offset=1.5"):
        problem(client.get(f"/admin/hidden?{parameters}"), 422, "invalid-request")


def test_the_number_of_hidden_items_is_a_metric(client: TestClient):
    for item_id in ("apple", "kiwi"):
        hide(client, item_id)
    assert 'item2vec_hidden_items{model=""} 2.0' in client.get("/metrics").text
    show(client, "apple")
    assert 'item2vec_hidden_items{model=""} 1.0' in client.get("/metrics").text


def test_without_a_model_items_can_be_hidden(store: Store, publish: Callable[[], str]):
    with TestClient(create_app(Settings(models=store.directory))) as client:
        assert hide(client, "apple").json() == {"item_id": "apple", "hidden": True, "known": False}
        model = client.app.state.models[""]
        publish()
        model.refresh()
        assert model.get().hidden == {0}


def test_no_cache_keeps_an_answer(client: TestClient):
    for answer in (hide(client, "pear"), show(client, "pear"), client.get("/admin/hidden")):
        assert answer.headers["cache-control"] == "private, no-store"


# Who may


@pytest.fixture
def keyed(store: Store, publish: Callable[[], str]) -> Iterator[TestClient]:
    """A service with a key and an admin's."""
    publish()
    settings = Settings(models=store.directory, api_keys=USER, admin_key=ADMIN)
    with TestClient(create_app(settings)) as keyed:
        yield keyed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/admin/hidden/pear"),
        ("DELETE", "/admin/hidden/pear"),
        ("GET", "/admin/hidden"),
        ("HEAD", "/admin/hidden"),
    ],
)
def test_only_an_admin_may(keyed: TestClient, store: Store, method: str, path: str):
    Hidden(store.directory).hide("plum")
    refused = keyed.request(method, path, headers={"x-api-key": USER})
    assert refused.status_code == 403
    assert keyed.request(method, path).status_code == 401
    assert Hidden(store.directory).ids() == {"plum"}
    if method != "HEAD":
        assert "pear" not in problem(refused, 403, "not-admin")["detail"]
    assert keyed.request(method, path, headers={"x-api-key": ADMIN}).status_code == 200


def test_without_keys_only_this_machine_may(store: Store):
    for host, status in (("127.0.0.1", 200), ("0.0.0.0", 403)):
        with TestClient(create_app(Settings(models=store.directory, host=host))) as client:
            assert hide(client, "apple").status_code == status


# Faults


def test_a_store_that_cannot_be_written_is_said(
    client: TestClient, store: Store, model: LiveModel, monkeypatch: pytest.MonkeyPatch
):
    hide(client, "plum")

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    for answer in (hide(client, "pear"), show(client, "plum")):
        detail = problem(answer, 503, "not-changed")["detail"]
        assert detail == f"{store.directory}/hidden cannot be written: Read-only file system"
    assert model.get().hidden == {2}


def test_a_lock_that_is_held_is_said(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0)
    monkeypatch.setattr(hidden, "LOCK_SECONDS", 0.01)
    with FileLock(store.directory / ".lock"):
        refused = problem(hide(client, "pear"), 503, "not-changed")
    assert "another process holds" in refused["detail"]
    assert listed(client) == []


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half a line": lambda path: path.write_bytes(b'"apple"\n"pe'),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "gone": lambda _: None,
    "a directory": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_sentence_in_the_log_and_hides_what_was_hidden(
    client: TestClient,
    store: Store,
    model: LiveModel,
    damage: str,
    caplog: pytest.LogCaptureFixture,
):
    hide(client, "pear")
    path = store.directory / "hidden"
    good = path.read_bytes()
    path.unlink()
    DAMAGE[damage](path)
    for _ in range(3):
        model.refresh_hidden()
        model.refresh()
    assert model.get().hidden == {1}
    assert listed(client) == ["pear"]
    assert str(path) in problem(hide(client, "plum"), 503, "not-changed")["detail"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().startswith("1 items stay hidden, for their list is unknown: ")
    assert "\n" not in record.getMessage()
    assert record.exc_info is None

    if path.is_dir():
        path.rmdir()
    path.write_bytes(good + b'"plum"\n')
    model.refresh_hidden()
    assert model.get().hidden == {1, 2}


# Swaps and restarts


def turned(version: str) -> Any:
    """The model of fruits and tools in another order, which knows a kiwi."""
    names = ["kiwi", *reversed(FRUITS)]
    return make_artifact(version, {name: [1.0, row / 10] for row, name in enumerate(names)})


def test_hidden_items_stay_hidden_over_swaps(store: Store, publish: Callable[[], str]):
    publish()
    model = LiveModel(store)
    model.refresh()
    model.hide("apple")
    model.hide("kiwi")
    assert model.get().hidden == {0}
    first = model.get()
    store.promote(store.add(turned).model_version)
    model.refresh()
    assert model.get().hidden == {0, 3}
    assert first.hidden == {0}
    model.show("apple")
    assert model.get().hidden == {0}
    store.rollback()
    model.refresh()
    assert model.get().hidden == frozenset()


def test_what_is_hidden_during_a_swap_is_hidden_after_it(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    publish()
    model = LiveModel(store)
    model.refresh()
    hiding = threading.Thread(target=model.hide, args=["apple"])
    rows_of = Recommender.rows_of

    def rows_of_those_known_before(*arguments: Any) -> frozenset[int]:
        rows = rows_of(*arguments)
        if not hiding.ident:
            hiding.start()
            hiding.join(0.2)  # it has to wait for the swap
        return rows

    publish()
    monkeypatch.setattr(Recommender, "rows_of", rows_of_those_known_before)
    model.refresh()
    hiding.join()
    assert model.get().hidden == {0}


def ask(method: str, url: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
        return json.loads(answer.read())


def known_by_workers(directory: Path) -> list[float]:
    """How many hidden items each worker knows, by its metrics."""
    return [
        value
        for path in directory.glob("gauge_livemostrecent_*.db")
        for key, value, _, _ in MmapedDict.read_all_values_from_file(path)
        if json.loads(key)[0] == "item2vec_hidden_items"
    ]


def test_every_worker_knows_soon_and_after_a_restart(
    store: Store, publish: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    publish()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with running(store, workers=2) as (server, _):
        for item_id in ("apple", "%2F/\n"):
            ask("PUT", f"{server}/admin/hidden/{quote(item_id, safe='')}")
        until(lambda: known_by_workers(tmp_path) == [2, 2])
        ask("DELETE", f"{server}/admin/hidden/apple")
        until(lambda: known_by_workers(tmp_path) == [1, 1])
        assert 'item2vec_hidden_items{model=""} 1.0' in get(f"{server}/metrics")
    with running(store) as (server, _):
        assert ask("GET", f"{server}/admin/hidden")["item_ids"] == ["%2F/\n"]
