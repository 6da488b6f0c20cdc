"""Several models in one process, each under its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.model.errors import ConfigError
from service.model.named import ALONE, named_stores
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact, make_artifact_with_next
from tests.worlds import problem
from trainer.cli.common import open_store

NOTES = {"do": [1.0, 0.1], "re": [0.9, 0.3], "mi": [0.1, 1.0]}


def publish(directory: Path, vectors: dict[str, list[float]] | None = None) -> None:
    store = Store(directory)
    manifest = store.add(
        lambda version: (
            make_artifact(version, vectors) if vectors else make_artifact_with_next(version)
        )
    )
    store.promote(manifest.model_version)


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """A shop with fruits and tools, and music with three notes."""
    publish(tmp_path / "shop")
    publish(tmp_path / "music", NOTES)
    return tmp_path


def settings(stores: Path, *names: str, **others: str) -> Settings:
    models = ",".join(f"{name}={stores / name}" for name in names)
    return Settings.model_validate({"models": Path(models), **others})


@pytest.fixture
def client(stores: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings(stores, "shop", "music"))) as client:
        yield client


def test_each_model_answers_under_its_name(client: TestClient):
    shop = client.get("/m/shop/similar/apple?k=1").json()
    music = client.get("/m/music/similar/do?k=1").json()
    assert [one["items"][0]["item_id"] for one in (shop, music)] == ["pear", "re"]
    assert shop["model_version"] != music["model_version"]
    assert client.get("/m/shop/next/apple?k=1").json()["relation"] == "next"
    for name, item in (("shop", "apple"), ("music", "do")):
        folder = f"/m/{name}"
        liked = client.post(f"{folder}/recommend", json={"liked": [item]}).json()
        assert item not in {one["item_id"] for one in liked["items"]}
        assert client.get(f"{folder}/items/{item}").json()["item_id"] == item
        assert client.get(f"{folder}/model").json()["items"] == {"shop": 6, "music": 3}[name]
        assert client.get(f"{folder}/readyz").status_code == 200


def test_an_item_of_another_model_is_unknown(client: TestClient):
    problem(client.get("/m/music/similar/apple"), 404, "unknown-item")
    problem(client.get("/m/music/next/do"), 409, "no-continuations")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/similar/apple"),
        ("GET", "/model"),
        ("POST", "/recommend"),
        ("PUT", "/admin/hidden/apple"),
        ("GET", "/m/films/similar/apple"),
        ("POST", "/m/films/recommend"),
        ("GET", "/m/films"),
        ("GET", "/m/"),
    ],
)
def test_a_request_that_names_no_model_is_told_their_names(
    client: TestClient, method: str, path: str
):
    body = {"liked": ["apple"]} if method == "POST" else None
    detail = problem(client.request(method, path, json=body), 404, "not-found")["detail"]
    assert "/m/shop/ or /m/music/" in detail


def test_an_item_is_hidden_in_one_model_alone(stores: Path):
    publish(stores / "copy")
    with TestClient(
        create_app(settings(stores, "shop", "copy")), client=("127.0.0.1", 1)
    ) as client:
        assert client.put("/m/shop/admin/hidden/pear").status_code == 200
        shop, copy = (client.get(f"/m/{name}/similar/apple").json() for name in ("shop", "copy"))
    assert "pear" not in {one["item_id"] for one in shop["items"]}
    assert "pear" in {one["item_id"] for one in copy["items"]}


def test_the_service_is_ready_when_all_its_models_are(stores: Path):
    with TestClient(create_app(settings(stores, "shop", "films", poll_seconds="0.02"))) as client:
        problem(client.get("/readyz"), 503, "no-model")
        problem(client.get("/m/films/readyz"), 503, "no-model")
        assert client.get("/m/shop/readyz").status_code == 200
        assert client.get("/healthz").status_code == 200
        publish(stores / "films")
        client.app.state.models["films"].refresh()  # type: ignore[attr-defined]
        assert client.get("/readyz").status_code == 200


def test_metrics_name_the_model(client: TestClient):
    client.get("/m/shop/similar/apple")
    text = client.get("/metrics").text
    assert 'item2vec_model_items{model="shop"} 6.0' in text
    assert 'item2vec_model_items{model="music"} 3.0' in text
    assert 'item2vec_model_refreshes_total{model="music",outcome="served"} 1.0' in text
    of_shop = 'model="shop",relation="similar",route="/similar/{item_id}",status="200"'
    assert f"item2vec_requests_total{{{of_shop}}} 1.0" in text


def test_the_document_has_a_server_for_each_model(client: TestClient, stores: Path):
    [server] = client.get("/openapi.json").json()["servers"]
    assert server["url"] == "/m/{model}"
    assert server["variables"]["model"]["enum"] == ["shop", "music"]
    for path in ("/m/shop/docs", "/m/shop/", "/m/shop"):
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"accept": "text/html"}).status_code == 200
    assert "servers" not in create_app(settings(stores, "shop")).openapi()


def test_a_single_model_needs_no_name_and_may_have_one(stores: Path):
    with TestClient(create_app(settings(stores, "shop"))) as client:
        assert client.get("/similar/apple").json() == client.get("/m/shop/similar/apple").json()
        assert 'item2vec_model_items{model="shop"} 6.0' in client.get("/metrics").text
    with TestClient(create_app(Settings(models=stores / "shop"))) as client:
        assert client.get("/similar/apple").status_code == 200
        problem(client.get("/m/shop/similar/apple"), 404, "not-found")


def test_keys_hold_for_every_model(stores: Path):
    with_keys = settings(stores, "shop", "music", api_keys="a-key-of-sixteen-characters")
    with TestClient(create_app(with_keys)) as client:
        for path in ("/m/shop/similar/apple", "/m/films/similar/apple", "/similar/apple"):
            problem(client.get(path), 401, "no-key")
        assert client.get("/m/shop/readyz").status_code == 200


def test_names_are_read_from_the_environment(stores: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_MODELS", f"shop={stores / 'shop'}, music={stores / 'music'}")
    assert list(Settings.from_environment().stores) == ["shop", "music"]


@pytest.mark.parametrize("plain", ["models", "/a=b/models", "a/b=c"])
def test_a_path_alone_has_no_name(plain: str):
    assert named_stores(Path(plain)) == {ALONE: Path(plain)}


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ("shop=a,b", "the model b has no directory"),
        ("shop=a,shop=b", "the name shop is given to two models"),
        ("Shop=a", "with a name of small letters"),
        ("shop=", "has no directory"),
        ("shop=a,", "'' is not a name"),
        ("=a", "is not a name"),
    ],
)
def test_wrong_names_are_refused_by_a_sentence(
    models: str, why: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ITEM2VEC_MODELS", models)
    with pytest.raises(ConfigError) as error:
        Settings.from_environment()
    assert "ITEM2VEC_MODELS" in str(error.value)
    assert why in str(error.value)


def test_an_object_store_is_followed_for_one_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_MODELS", "shop=a,music=b")
    monkeypatch.setenv("ITEM2VEC_PULL", "s3://shop/models")
    with pytest.raises(ConfigError, match="for one model, but several are named"):
        Settings.from_environment()


def test_a_job_works_on_one_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_MODELS", "shop=models/shop,music=models/music")
    with pytest.raises(ConfigError, match="name one, --models models/shop"):
        open_store(None)
    assert open_store(Path("models/music")).directory == Path("models/music")
