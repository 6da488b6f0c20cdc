"""Liked items come back where the caller lets them."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact_with_next
from tests.worlds import problem


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """The service over a model that knows what comes next."""
    store.promote(store.add(make_artifact_with_next).model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def found(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def recommended(client: TestClient, **body: Any) -> list[str]:
    response = client.post("/recommend", json=body)
    assert response.status_code == 200
    return found(response.json())


def test_liked_items_are_returned_where_the_caller_allows_it_and_not_otherwise(client: TestClient):
    liked = {"liked": ["apple", "saw"]}
    assert recommended(client, **liked) == ["plum", "pear", "drill", "hammer"]
    assert recommended(client, **liked, allow_seen=False) == recommended(client, **liked)
    with_seen = recommended(client, **liked, allow_seen=True)
    assert sorted(with_seen) == ["apple", "drill", "hammer", "pear", "plum", "saw"]
    assert recommended(client, **liked) == ["plum", "pear", "drill", "hammer"]


def test_one_liked_item_is_most_similar_to_itself(client: TestClient):
    assert recommended(client, liked=["apple"], allow_seen=True, k=2) == ["apple", "pear"]


def test_what_was_seen_may_come_next_if_it_has_votes(client: TestClient):
    session = {"liked": ["apple", "pear"], "relation": "next", "decay": 1}
    assert recommended(client, **session) == ["plum", "hammer"]
    assert recommended(client, **session, allow_seen=True) == ["plum", "hammer", "pear"]


@pytest.mark.parametrize("more", [{}, {"explain": True}, {"tastes": 2}, {"diversity": 0.2}])
def test_no_other_rule_is_set_aside(client: TestClient, more: dict[str, Any]):
    body = {"liked": ["apple", "pear", "saw", "drill"], "allow_seen": True, **more}
    assert set(recommended(client, **body)) >= {"apple", "pear", "saw", "drill"}
    assert "pear" not in recommended(client, **body, exclude=["pear"])
    assert "pear" not in recommended(client, **body, disliked=["pear"])
    assert set(recommended(client, **body, filter="kind = 'tool'")) == {"saw", "drill", "hammer"}
    assert set(recommended(client, **body, candidates=["apple", "plum"])) == {"apple", "plum"}
    assert set(recommended(client, **body, min_count=60)) == {"apple"}
    assert client.put("/admin/hidden/pear").status_code == 200
    assert "pear" not in recommended(client, **body)


def test_every_way_to_ask_for_a_taste_takes_it(client: TestClient):
    alone = recommended(client, liked=["apple", "saw"], allow_seen=True)
    by_get = client.get("/recommend?liked=apple&liked=saw&allow_seen=true").json()
    assert found(by_get) == alone
    bodies = [{"liked": ["apple", "saw"], "allow_seen": allowed} for allowed in (True, False)]
    answers = client.post("/recommend/batch", json={"queries": bodies}).json()["answers"]
    assert [found(answer) for answer in answers] == [
        alone,
        [item for item in alone if item not in ("apple", "saw")],
    ]


def test_an_explanation_does_not_call_a_liked_item_removed(client: TestClient):
    body = {"item": "apple", "liked": ["apple", "pear"]}
    assert client.post("/explain", json=body).json()["removed_by"] == "liked"
    explained = client.post("/explain", json={**body, "allow_seen": True}).json()
    assert (explained["removed_by"], explained["rank"]) == (None, 1)
    hated = {**body, "allow_seen": True, "disliked": ["apple"]}
    assert client.post("/explain", json=hated).json()["removed_by"] == "disliked"


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_it_is_true_or_false(client: TestClient, value: Any):
    response = client.post("/recommend", json={"liked": ["apple"], "allow_seen": value})
    [error] = problem(response, 422, "invalid-request")["errors"]
    assert error["where"] == "allow_seen"


@pytest.mark.parametrize("path", ["/similar/apple", "/next/apple", "/analogy", "/popular"])
def test_queries_without_a_taste_do_not_take_it(client: TestClient, path: str):
    response = client.get(f"{path}?allow_seen=true")
    [error] = problem(response, 422, "invalid-request")["errors"]
    assert error["where"] == "allow_seen"
