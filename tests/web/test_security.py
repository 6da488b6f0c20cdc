from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.model.artifact import Artifact
from service.model.errors import ConfigError
from service.model.store import Store
from service.web.app import create_app
from service.web.security import is_loopback
from service.web.settings import Settings
from tests.conftest import make_artifact
from tests.worlds import problem

ONE, TWO, ADMIN = "the-first-key-of-all", "the-second-key-of-all", "the-key-of-the-admin"
CONFIG = {
    "models": "/srv/models",
    "data": {"paths": ["/srv/secret.csv"], "where": "price > 1"},
    "training": {"epochs": 3},
}


@pytest.fixture(autouse=True)
def _published(store: Store) -> None:
    def build(version: str) -> Artifact:
        artifact = make_artifact(version)
        data = {"items": 6, "notes": ["the numbers in column 'secret' count s since 1970"]}
        manifest = artifact.manifest.model_copy(update={"config": CONFIG, "data": data})
        return replace(artifact, manifest=manifest)

    store.promote(store.add(build).model_version)


@contextmanager
def client(store: Store, **settings: Any) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(models=store.directory, **settings))) as client:
        yield client


@pytest.fixture
def keyed(store: Store) -> Iterator[TestClient]:
    """A service with two keys and an admin's."""
    with client(store, api_keys=f"{ONE}, {TWO}", admin_key=ADMIN, host="0.0.0.0") as keyed:
        yield keyed


@pytest.mark.parametrize("key", [ONE, TWO, ADMIN])
@pytest.mark.parametrize("header", ["X-API-Key: {}", "Authorization: Bearer {}", "x-api-key: {}"])
def test_every_key_is_a_key(keyed: TestClient, key: str, header: str):
    name, value = header.format(key).split(": ")
    for path in ("/similar/apple", "/metrics", "/model"):
        assert keyed.get(path, headers={name: value}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": ONE[:-1]},
        {"X-API-Key": f"{ONE}, {TWO}"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {ONE}"},
        {"Authorization": f"Basic {ONE}"},
        {"Authorization": ONE},
    ],
)
@pytest.mark.parametrize("path", ["/similar/apple", "/items?q=a", "/model", "/metrics", "/nowhere"])
def test_without_a_key_nothing_is_told(keyed: TestClient, path: str, headers: dict[str, str]):
    response = keyed.get(path, headers=headers)
    problem(response, 401, "no-key")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "etag" not in response.headers


def test_a_body_without_a_key_is_not_read(keyed: TestClient):
    problem(keyed.post("/recommend", content=b"x" * 2_000_000), 401, "no-key")


OPEN = ["/healthz", "/readyz", "/docs", "/openapi.json", "/problems/no-key", "/"]


@pytest.mark.parametrize("path", [*OPEN, "/static-offline-docs/swagger-ui.css"])
def test_what_tells_nothing_of_the_shop_is_open(keyed: TestClient, path: str):
    assert keyed.get(path, follow_redirects=False).status_code in (200, 307)


@pytest.mark.parametrize("path", ["/healthz/../model", "/docs/x", "/problems", "/model/"])
def test_no_other_path_is_open(keyed: TestClient, path: str):
    assert keyed.get(path).status_code == 401


def test_keys_come_from_files(store: Store, tmp_path: Path):
    (tmp_path / "keys").write_text(f"{ONE}\n\n{TWO}\n")
    (tmp_path / "admin").write_text(f"{ADMIN}\n")
    settings = {"api_keys_file": tmp_path / "keys", "admin_key_file": tmp_path / "admin"}
    with client(store, **settings) as keyed:
        for key in (ONE, TWO, ADMIN):
            shown = keyed.get("/model", headers={"x-api-key": key}).json()["config"]
            assert (shown == CONFIG) == (key == ADMIN)
        problem(keyed.get("/model"), 401, "no-key")


@pytest.mark.parametrize("text", ["", ",", "short", "with a space in the middle", "ü" * 20])
@pytest.mark.parametrize("name", ["api_keys", "admin_key", "api_keys_file", "admin_key_file"])
def test_what_is_no_key_is_refused_and_not_repeated(
    store: Store, tmp_path: Path, name: str, text: str
):
    value: Any = text
    if name.endswith("file"):
        value = tmp_path / "keys"
        value.write_text(text)
    with pytest.raises(ConfigError, match=f"^ITEM2VEC_{name.upper()}") as error:
        create_app(Settings(models=store.directory, **{name: value}))
    assert len(text) < 2 or text not in str(error.value)


def test_a_file_of_keys_that_is_missing_is_named(store: Store, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"ITEM2VEC_API_KEYS_FILE: .*nowhere"):
        create_app(Settings(models=store.directory, api_keys_file=tmp_path / "nowhere"))


def test_keys_are_not_shown_with_the_settings():
    assert ONE not in repr(Settings(api_keys=ONE, admin_key=ADMIN))  # type: ignore[arg-type]


# The configuration


@pytest.mark.parametrize(
    ("settings", "key", "is_whole"),
    [
        ({}, None, True),
        ({"host": "0.0.0.0"}, None, False),
        ({"api_keys": ONE}, ONE, False),
        ({"api_keys": ONE, "admin_key": ADMIN, "host": "0.0.0.0"}, ADMIN, True),
        ({"admin_key": ADMIN}, ADMIN, True),
    ],
)
def test_paths_and_conditions_are_for_admins(
    store: Store, settings: dict[str, Any], key: str | None, is_whole: bool
):
    with client(store, **settings) as asked:
        response = asked.get("/model", headers={"x-api-key": key} if key else {})
    shown = response.json()
    assert shown["config"] == (CONFIG if is_whole else {"training": {"epochs": 3}})
    assert ("secret" in response.text) == is_whole
    assert shown["data"]["items"] == 6


def test_what_an_admin_was_shown_is_kept_by_nobody(keyed: TestClient):
    headers = keyed.get("/model", headers={"x-api-key": ADMIN}).headers
    assert headers["cache-control"] == "private, no-store"
    assert "etag" not in headers


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("shop.example", False),
        ("", False),
    ],
)
def test_only_this_machine_reaches_loopback(host: str, expected: bool):
    assert is_loopback(host) == expected


# The document


def test_the_document_asks_for_keys_where_the_service_does(keyed: TestClient, store: Store):
    document = keyed.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"key", "bearer"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_asked = path not in OPEN and not path.startswith("/problems")
            assert ("security" in operation) == ("401" in operation["responses"]) == is_asked
    with client(store) as free:
        assert "securit" not in free.get("/openapi.json").text


# Other origins


def test_other_origins_may_not_ask_by_default(store: Store):
    with client(store) as free:
        response = free.get("/similar/apple", headers={"origin": "https://shop.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_origins_that_are_named_may_ask(store: Store):
    origins = "https://shop.example, http://127.0.0.1:3000"
    with client(store, cors_origins=origins, api_keys=ONE) as shop:
        for origin in origins.split(", "):
            response = shop.get("/similar/apple", headers={"origin": origin, "x-api-key": ONE})
            assert response.headers["access-control-allow-origin"] == origin
            preflight = shop.options(
                "/recommend",
                headers={
                    "origin": origin,
                    "access-control-request-method": "POST",
                    "access-control-request-headers": "x-api-key, content-type",
                },
            )
            assert preflight.status_code == 200
            assert preflight.headers["access-control-allow-origin"] == origin
        other = shop.get("/similar/apple", headers={"origin": "https://evil", "x-api-key": ONE})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("origins", ["*", "", "shop.example", "https://a.example/path"])
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origins: str):
    monkeypatch.setenv("ITEM2VEC_CORS_ORIGINS", origins)
    with pytest.raises(ConfigError, match="ITEM2VEC_CORS_ORIGINS"):
        Settings.from_environment()
