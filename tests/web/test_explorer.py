"""The explorer's files, and what its page asks for beyond the rankings."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.explorer.files import page_files
from service.model.grouping import MOST_GROUPS, NO_GROUP
from service.model.item_map import POINT, ItemMap, MapGroup, MapSettings
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact
from tests.worlds import problem

KEY = "the-key-of-a-shop-page"


def mapped(version: str):
    """The small world, its fruits on the left and its tools on the right."""
    artifact = make_artifact(version)
    left, right = (
        MapGroup(name=name, items=3, x=x, y=9) for name, x in (("fruits", 0), ("tools", 9))
    )
    settings = MapSettings(groups=[left, right], placed=6, scale=1.0, seconds=0.5)
    items = artifact.manifest.items
    members = np.arange(items) % 2
    places = np.stack([members * 60_000, np.arange(items) * 7], axis=1).astype(np.float32)
    return replace(artifact, map=ItemMap.of(places, members, artifact.counts, settings))


@pytest.fixture
def with_map(tmp_path: Path) -> Iterator[TestClient]:
    """A service whose model has a map."""
    store = Store(tmp_path / "models")
    store.promote(store.add(mapped).model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def test_every_file_of_the_page_is_served_with_a_strict_policy(client: TestClient):
    assert len(page_files()) > 10
    for path, file in page_files().items():
        response = client.get(f"/explore/static/{path}", headers={"accept-encoding": "identity"})
        assert response.content == file.content
        assert response.headers["content-type"].partition(";")[0] == file.media_type
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
    assert client.get("/explore").content == page_files()["index.html"].content


def test_the_whole_page_is_small_as_it_is_sent():
    assert sum(len(file.packed or file.content) for file in page_files().values()) < 100_000


def test_files_are_packed_and_sent_once(client: TestClient):
    whole = client.get("/explore/static/main.js", headers={"accept-encoding": "gzip"})
    assert whole.headers["content-encoding"] == "gzip"
    assert whole.content == page_files()["main.js"].content  # unpacked by the client
    assert gzip.decompress(page_files()["main.js"].packed) == whole.content
    tag = {"if-none-match": whole.headers["etag"]}
    assert client.get("/explore/static/main.js", headers=tag).status_code == 304


@pytest.mark.parametrize("path", ["none.js", "../files.py", "%2e%2e/files.py", "", "views"])
def test_no_other_file_is_served(client: TestClient, path: str):
    problem(client.get(f"/explore/static/{path}"), 404, "not-found")


def test_a_file_is_fetched_again_by_another_address(client: TestClient):
    again = client.get("/explore/static/views/item.js?again=1")
    assert again.content == client.get("/explore/static/views/item.js").content


def test_the_page_can_be_switched_off(store: Store, publish: Callable[[], str]):
    publish()
    with TestClient(create_app(Settings(models=store.directory, explorer=False))) as client:
        for path in ("/explore", "/explore/static/main.js"):
            assert client.get(path).status_code == 404
        front = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert front.headers["location"] == "docs"


def test_the_page_is_open_and_its_data_is_behind_the_keys(store: Store, publish: Callable[[], str]):
    publish()
    settings = Settings(models=store.directory, api_keys=KEY)
    with TestClient(create_app(settings)) as client:
        assert client.get("/explore").status_code == 200
        assert client.get("/explore/static/main.js").status_code == 200
        for path in (
            "/explore/about",
            "/explore/map",
            "/explore/items?rows=0",
            "/models",
            "/nights",
        ):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"x-api-key": KEY}).status_code in (200, 404)


def test_of_several_models_the_first_is_shown(store: Store, publish: Callable[[], str]):
    publish()
    one = store.directory
    settings = Settings(models=f"shop={one},music={one}")
    with TestClient(create_app(settings)) as client:
        response = client.get("/explore", follow_redirects=False)
        assert response.headers["location"] == "m/shop/explore"
        assert client.get("/m/music/explore").status_code == 200
        assert client.get("/m/music/explore/about").json()["models"] == ["shop", "music"]


def test_about_says_what_the_page_must_know(with_map: TestClient):
    about = with_map.get("/explore/about").json()
    model = with_map.get("/model").json()
    assert about["model_version"] == model["model_version"]
    assert about["items"] == model["items"]
    assert len(about["spread"]) == model["vector_size"]
    assert about["relations"] == ["similar"]
    assert [group["name"] for group in about["map"]["groups"]] == ["fruits", "tools"]
    ids = [example["item_id"] for example in about["examples"]]
    assert len(set(ids)) == len(ids) > 1
    assert all(with_map.get(f"/similar/{item_id}").status_code == 200 for item_id in ids)


def test_the_map_has_six_bytes_an_item(with_map: TestClient):
    response = with_map.get("/explore/map")
    points = np.frombuffer(response.content, POINT)
    assert len(points) == with_map.get("/model").json()["items"]
    assert sorted(set(points["x"].tolist())) == [0, 60_000]
    assert (points["group"] == points["x"] // 60_000).all()
    tag = {"if-none-match": response.headers["etag"]}
    assert with_map.get("/explore/map", headers=tag).status_code == 304


def test_a_model_without_a_map_says_so(client: TestClient):
    assert client.get("/explore/about").json()["map"] is None
    problem(client.get("/explore/map"), 404, "no-map")


def test_a_damaged_map_is_refused(tmp_path: Path):
    store = Store(tmp_path / "models")

    def damaged(version: str):
        artifact = mapped(version)
        return replace(artifact, map=replace(artifact.map, points=artifact.map.points[:-1]))

    version = store.add(damaged).model_version
    with pytest.raises(Exception, match=r"map\.npy .* \(5,\) where"):
        store.load(version)


def test_items_come_by_rows_and_by_ids(client: TestClient):
    answer = client.get("/explore/items?rows=2,0&id=hammer&id=nothing&vectors=true").json()
    assert answer["unknown_items"] == ["nothing"]
    ids = [item["item_id"] for item in answer["items"]]
    assert ids == ["plum", "apple", "hammer"]
    assert [item["row"] for item in answer["items"]][:2] == [2, 0]
    for item in answer["items"]:
        expected = np.array(client.get(f"/items/{item['item_id']}/vector").json()["vector"])
        np.testing.assert_allclose(item["vector"], expected / np.linalg.norm(expected), atol=1e-4)


@pytest.mark.parametrize("rows", ["6", "x", "1,", "-1", "1.5", "999999999"])
def test_a_row_that_is_none_is_an_error(client: TestClient, rows: str):
    response = client.get("/explore/items", params={"rows": rows})
    problem(response, 422, "invalid-request")


def test_colors_are_a_byte_an_item(client: TestClient):
    about = client.get("/explore/about").json()
    for column in about["columns"]:
        groups = client.get("/explore/colors", params={"column": column["name"]}).content
        assert len(groups) == about["items"]
        assert len(column["groups"]) <= MOST_GROUPS
        assert set(groups) <= {*range(len(column["groups"])), NO_GROUP}
    response = client.get("/explore/colors?column=shape")
    problem(response, 422, "invalid-request")
    assert "shape" in response.json()["detail"]
