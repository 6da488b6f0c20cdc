"""What the service says on stderr."""

import json
import logging
import logging.config
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.logs import log_config
from service.web.settings import Settings
from tests.conftest import make_artifact

FORGED = 'x"}\n{"level": "error"}\r\x1b[31m\u2028'


@pytest.fixture
def said(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[TestClient, Callable[[], str]]]]:
    """A service that logs, and what it has said since."""
    store.promote(store.add(make_artifact).model_version)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def start(**chosen: Any) -> tuple[TestClient, Callable[[], str]]:
        settings = Settings(models=store.directory, **chosen)
        logging.config.dictConfig(log_config(settings))
        for name in ("httpx", "httpx2", "asyncio"):  # the client's
            monkeypatch.setattr(logging.getLogger(name), "disabled", True)
        client = TestClient(create_app(settings))
        client.app.state.models[""].refresh()  # type: ignore[attr-defined]
        capsys.readouterr()
        return client, lambda: capsys.readouterr().err

    yield start
    root.handlers, root.level = handlers, level
    logging.getLogger("faiss").setLevel(logging.NOTSET)


def test_a_request_is_a_line_of_json(said, store: Store):
    client, lines = said()
    response = client.get("/similar/apple?k=1", headers={"x-request-id": "a-1"})
    (line,) = map(json.loads, lines().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 < line.pop("ms") < 10_000
    assert line == {
        "level": "info",
        "logger": "item2vec.access",
        "request_id": "a-1",
        "message": "request",
        "method": "GET",
        "route": "/similar/{item_id}",
        "status": 200,
        "model_version": store.current(),
    }
    assert response.headers["x-request-id"] == "a-1"


def test_likes_and_ids_are_not_logged(said):
    client, lines = said()
    client.post("/recommend", json={"liked": ["apple", "kiwi"], "exclude": ["pear"]})
    client.get("/recommend?liked=apple&exclude=pear")
    client.get("/items/kiwi")
    client.get("/nowhere/kiwi")
    log = lines()
    assert len(log.splitlines()) == 4
    assert not re.search("apple|kiwi|pear", log)


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_id_forges_no_line(said, log_format: str):
    client, lines = said(log_level="debug", log_format=log_format)
    client.get("/items/" + "".join(f"%{byte:02x}" for byte in FORGED.encode()))
    log = lines()
    access = [line for line in log.split("\n") if "item2vec.access" in line]
    assert len(access) == 1
    assert not [character for character in FORGED if character < " " and character in access[0]]
    assert all(
        "item2vec" in line or "httpx" in line or "asyncio" in line
        for line in log.split("\n")
        if line
    )
    if log_format == "json":
        path = json.loads(access[0])["path"]
        assert unquote(path) == f"/items/{FORGED}"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_what_is_not_printable_in_a_message_forges_no_line(said, log_format: str):
    _, lines = said(log_format=log_format)
    logging.getLogger("anything").warning("%s", FORGED)
    (line,) = lines().splitlines()
    assert line.isprintable()


@pytest.mark.parametrize("target", ["/items/a%2Fb%3F", "/items?q=a%20b&limit=3", "/healthz"])
def test_at_debug_a_request_is_logged_as_it_was_sent(said, target: str):
    client, lines = said(log_level="debug")
    client.get(target)
    paths = [line.get("path") for line in map(json.loads, lines().splitlines())]
    assert [path for path in paths if path] == [target]


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "ä", "\x7f"])
def test_a_strange_request_id_is_replaced(said, bad: str):
    client, lines = said()
    ids = set()
    for _ in range(2):
        response = client.get("/healthz", headers={"x-request-id": bad.encode()})
        ids.add(response.headers["x-request-id"])
    logged = {json.loads(line)["request_id"] for line in lines().splitlines()}
    assert logged == ids
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)


def test_an_error_is_one_line_with_the_id_of_its_request(said, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("service.model.recommender.Recommender.item", fail)
    client, lines = said()
    response = client.get("/items/apple", headers={"x-request-id": "a-1"})
    assert response.status_code == 500
    assert response.headers["x-request-id"] == "a-1"
    error, access = map(json.loads, lines().splitlines())
    assert (error["level"], error["request_id"], access["status"]) == ("error", "a-1", 500)
    assert error["traceback"].endswith("RuntimeError: two\nlines")


def test_text_is_for_people(said):
    client, lines = said(log_format="text")
    client.head("/healthz")
    assert re.search(
        r"Z INFO item2vec\.access: request method=HEAD route=/healthz status=200 ms=", lines()
    )


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch):
    for is_terminal, formatter in ((True, "TextLines"), (False, "JsonLines")):
        monkeypatch.setattr("sys.stderr.isatty", lambda answer=is_terminal: answer)
        assert formatter in str(log_config(Settings()))
        assert "TextLines" in str(log_config(Settings(log_format="text")))
        assert "JsonLines" in str(log_config(Settings(log_format="json")))


def test_no_request_is_logged_where_only_warnings_are(said):
    client, lines = said(log_level="warning")
    client.get("/healthz")
    assert lines() == ""
