"""Items that are known from the file of items alone, over HTTP."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact_with_next, with_untrained
from tests.worlds import problem
from trainer.artifacts.neighbors import with_neighbors

WHY = (
    "item 'kiwi' is known, but untrained: it is in the file of items, but not in the sessions that "
    "the model learned from"
)
KIWI = {
    "item_id": "kiwi",
    "title": "A kiwi",
    "count": 0,
    "metadata": {"kind": "fruit"},
    "trained": False,
}


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """The service over a model that knows a kiwi and a kettle without vectors."""
    manifest = store.add(
        lambda version: with_neighbors(with_untrained(make_artifact_with_next(version)), 5, 1)
    )
    store.promote(manifest.model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def ids(body: dict) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def test_an_untrained_item_is_shown_as_such(client):
    answer = client.get("/items/kiwi").json()
    answer.pop("model_version")
    assert answer == KIWI


def test_an_untrained_item_is_found_last(client):
    found = client.get("/items", params={"q": "a"}).json()
    assert ids(found) == ["apple", "pear", "plum", "kiwi"]
    assert found["items"][3] == KIWI
    fruits = client.get("/items", params={"q": "k", "filter": "kind = 'fruit'"}).json()
    assert ids(fruits) == ["kiwi"]


@pytest.mark.parametrize(
    "path",
    [
        "/similar/kiwi",
        "/similar/kiwi?k=3",
        "/similar/kiwi?relation=next",
        "/next/kiwi",
        "/items/kiwi/vector",
        "/similarity?a=apple&b=kiwi",
        "/analogy?positive=kiwi",
    ],
)
def test_a_question_about_it_is_the_problem_that_clients_know_and_says_why(client, path):
    assert problem(client.get(path), 404, "unknown-item")["detail"] == WHY


def test_a_question_about_many_has_the_problem_in_its_place(client):
    first, second = client.post("/similar", json={"items": ["apple", "kiwi"]}).json()["answers"]
    assert len(first["items"]) == 5
    assert second == {
        "type": "/problems/unknown-item", "title": "Unknown item", "status": 404, "detail": WHY,
    }  # fmt: skip


def test_an_explanation_of_it_is_the_same_problem(client):
    response = client.post("/explain", json={"liked": ["apple"], "item": "kiwi"})
    assert problem(response, 404, "unknown-item")["detail"] == WHY


def test_a_liked_one_is_listed_and_counted_as_unknown(client):
    for path in ("/recommend", "/recommend?liked=kiwi&liked=apple"):
        ask = (
            client.get
            if "?" in path
            else lambda path: client.post(path, json={"liked": ["kiwi", "apple"]})
        )
        answer = ask(path).json()
        assert answer["unknown_items"] == ["kiwi"]
        assert answer["fallback_used"] is None
    assert "item2vec_unknown_items_total 2.0" in client.get("/metrics").text


@pytest.mark.parametrize(
    "path",
    [
        "/popular?filter=kind+=+'fruit'",
        "/recommend?liked=kiwi&k=10",
        "/recommend?liked=apple&filter=count+>=+0&k=10",
        "/recommend?liked=apple&relation=next&candidates=kiwi&candidates=saw&candidates=hammer",
        "/similar/apple?k=10",
        "/similar/apple?k=10&filter=title+is+not+missing",
        "/similar/apple?k=10&candidates=kiwi&candidates=pear",
        "/next/apple?k=10&filter=not+count+=+1",
        "/analogy?positive=apple&k=10&diversity=0.5",
    ],
)
def test_no_answer_names_it(client, path):
    items = ids(client.get(path).json())
    assert items
    assert {"kiwi", "kettle"}.isdisjoint(items)


def test_only_untrained_candidates_are_as_good_as_none(client):
    answer = client.get("/similar/apple", params={"candidates": ["kiwi", "kettle"]}).json()
    assert (answer["returned"], answer["short_because"]) == (0, "rules")


def test_it_can_be_hidden(client):
    before = client.get("/similar/apple?k=5").json()
    hidden = client.put("/admin/hidden/kiwi")
    assert hidden.json() == {"item_id": "kiwi", "hidden": True, "known": True}
    assert ids(client.get("/items", params={"q": "k"}).json()) == ["kettle"]
    assert client.get("/similar/apple?k=5").json() == before
    assert client.get("/popular").json()["returned"] == 6
    client.delete("/admin/hidden/kiwi")
    assert ids(client.get("/items", params={"q": "k"}).json()) == ["kiwi", "kettle"]


def test_the_model_and_the_metrics_count_them_apart(client):
    model = client.get("/model").json()
    assert (model["items"], model["untrained"]) == (6, 2)
    metrics = client.get("/metrics").text
    assert 'item2vec_model_items{model=""} 6.0' in metrics
    assert 'item2vec_model_untrained_items{model=""} 2.0' in metrics
