"""Rules, weights, dislikes, reasons and batches over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact_with_next
from tests.worlds import problem


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service of the fruits and tools that knows what comes next."""
    store = Store(tmp_path_factory.mktemp("shop") / "models")
    store.promote(store.add(make_artifact_with_next).model_version)
    settings = Settings(models=store.directory, max_batch=3, max_items=5, max_k=50)
    with TestClient(create_app(settings)) as client:
        yield client


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def recommended(shop: TestClient, **body: Any) -> dict[str, Any]:
    response = shop.post("/recommend", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"exclude": ["pear"]}, ["plum", "drill"]),
        ({"candidates": ["saw", "pear"]}, ["pear", "saw"]),
        ({"candidates": []}, []),
        ({"min_count": 40}, ["pear", "plum"]),
        ({"offset": 1}, ["plum", "drill"]),
        ({"min_score": 0.9}, ["pear", "plum"]),
        ({"filter": "kind = 'fruit'"}, ["pear", "plum"]),
        ({"filter": "count < 35"}, ["drill", "saw"]),
    ],
)
def test_rules_hold_on_every_query(shop: TestClient, rules: dict[str, Any], expected: list[str]):
    answers = [
        shop.get("/similar/apple", params={"k": 2, **rules}),
        shop.get("/recommend", params={"liked": ["apple"], "k": 2, **rules}),
        shop.post("/recommend", json={"liked": ["apple"], "k": 2, **rules}),
        shop.post("/analogy", json={"positive": ["apple"], "k": 2, **rules}),
        shop.get("/analogy", params={"positive": ["apple"], "k": 2, **rules}),
    ]
    if rules == {"candidates": []}:  # a URL has no empty list
        answers = [answers[2], answers[3]]
    for answer in answers:
        assert ids(answer.json())[: len(expected)] == expected[:2], answer.text
        is_short = len(expected) < 2
        assert answer.json()["short_because"] == ("rules" if is_short else None)


def test_rules_hold_for_what_comes_next(shop: TestClient):
    assert ids(shop.get("/next/apple").json()) == ["hammer", "pear"]
    rules = {"filter": "kind = 'fruit'"}
    for answer in (
        shop.get("/next/apple", params=rules),
        shop.post("/recommend", json={"liked": ["apple"], "relation": "next", **rules}),
    ):
        assert ids(answer.json()) == ["pear"]
        assert answer.json()["short_because"] == "votes"
        assert answer.json()["score_kind"] == "probability"


def test_popular_items_obey_the_rules(shop: TestClient):
    body = shop.get("/popular", params={"k": 2, "filter": "kind = 'tool'"}).json()
    assert ids(body) == ["hammer", "saw"]
    assert body["score_kind"] == "popularity"
    unknown = recommended(shop, liked=["kiwi"], k=2, filter="kind = 'tool'")
    assert (ids(unknown), unknown["score_kind"]) == (["hammer", "saw"], "popularity")
    assert recommended(shop, liked=["kiwi"], fallback="none")["items"] == []


def test_items_are_found_by_words_and_a_condition(shop: TestClient):
    found = shop.get("/items", params={"q": "a", "filter": "kind = 'fruit' and count < 60"}).json()
    assert (found["returned"], ids(found)) == (2, ["pear", "plum"])
    wrong = shop.get("/items", params={"q": "a", "filter": "colour = 'red'"})
    assert "colour" in problem(wrong, 422, "invalid-request")["detail"]


def test_likes_have_weights_and_times_and_dislikes_count_against(shop: TestClient):
    plain = recommended(shop, liked=["apple", "saw"], decay=1)
    equal = [{"id": "apple", "weight": 2}, {"id": "saw", "weight": 2}]
    assert recommended(shop, liked=equal, decay=1) == plain
    heavy = recommended(shop, liked=[{"id": "apple", "weight": 9}, "saw"], decay=1)
    assert heavy["items"][0]["item_id"] == "pear"
    old, new = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00+01:00"
    faded = [{"id": "saw", "at": old}, {"id": "apple", "at": new}]
    assert ids(recommended(shop, liked=faded, half_life=1))[0] == "pear"
    away = recommended(shop, disliked=["apple"])
    assert ids(away)[-1] == "pear"
    assert away["fallback_used"] is None


def test_what_comes_back_is_chosen(shop: TestClient):
    def keys(**query: Any) -> set[str]:
        return set(shop.get("/similar/apple", params={"k": 1, **query}).json()["items"][0])

    assert keys() == {"item_id", "title", "score"}
    assert keys(include="metadata") == {"item_id", "metadata", "score"}
    both = shop.get("/similar/apple?k=1&include=title&include=metadata").json()["items"]
    assert (both[0]["title"], both[0]["metadata"]) == ("A pear", {"kind": "fruit"})


def test_reasons_add_up(shop: TestClient):
    body = recommended(shop, liked=["apple", "saw"], disliked=["plum"], explain=True)
    for item in body["items"]:
        parts = {one["item_id"]: one["contribution"] for one in item["contributions"]}
        assert parts.keys() == {"apple", "saw", "plum"}
        assert sum(parts.values()) == pytest.approx(item["score"], abs=1e-6)
    first = shop.post(
        "/explain",
        json={"liked": ["apple", "saw"], "disliked": ["plum"], "item": ids(body)[0]},
    ).json()
    assert (first["rank"], first["removed_by"]) == (1, None)
    assert first["score"] == pytest.approx(body["items"][0]["score"], abs=1e-6)
    removed = shop.post("/explain", json={"liked": ["apple"], "exclude": ["saw"], "item": "saw"})
    assert removed.json()["removed_by"] == "exclude"
    problem(shop.post("/explain", json={"liked": ["apple"], "item": "kiwi"}), 404, "unknown-item")


def test_a_batch_answers_each_query_like_alone_and_no_error_is_another_s(shop: TestClient):
    queries: list[Any] = [{"liked": ["apple"], "k": 2}, {"liked": "apple"}, {"disliked": ["saw"]}]
    body = shop.post("/recommend/batch", json={"queries": queries}).json()
    first, wrong, last = body["answers"]
    assert first == recommended(shop, **queries[0])
    assert last == recommended(shop, **queries[2])
    assert (wrong["status"], wrong["type"]) == (422, "/problems/invalid-request")
    assert wrong["detail"] == "liked: Input should be a valid list"
    number = shop.post("/recommend/batch", json={"queries": [{"liked": ["apple", 5]}]}).json()
    assert number["answers"][0]["detail"] == 'liked[1]: item ids are text: write "5"'
    many = shop.post("/recommend/batch", json={"queries": queries * 2})
    assert "6 queries are more than the 3" in problem(many, 422, "invalid-request")["detail"]


@pytest.mark.parametrize(
    "batch", [{}, {"queries": []}, {"queries": {"liked": ["apple"]}}, {"queries": [{}], "k": 2}, []]
)
def test_what_is_no_batch_is_refused(shop: TestClient, batch: Any):
    problem(shop.post("/recommend/batch", json=batch), 422, "invalid-request")


@pytest.mark.parametrize("query", [7, None, [], "apple", {"liked": ["apple"], "unknown": 1}])
def test_what_is_no_query_has_a_problem_in_its_place(shop: TestClient, query: Any):
    queries = [query, {"liked": ["apple"], "k": 2}]
    wrong, right = shop.post("/recommend/batch", json={"queries": queries}).json()["answers"]
    assert (wrong["status"], wrong["type"]) == (422, "/problems/invalid-request")
    assert ids(right) == ["pear", "plum"]


@pytest.mark.parametrize("relation", ["similar", "next"])
def test_many_items_are_answered_like_each_alone(shop: TestClient, relation: str):
    request = {"items": ["apple", "kiwi", "saw"], "k": 2, "relation": relation}
    body = shop.post("/similar", json=request).json()
    apple, kiwi, saw = body["answers"]
    assert apple == shop.get(f"/similar/apple?k=2&relation={relation}").json()
    assert saw == shop.get(f"/similar/saw?k=2&relation={relation}").json()
    assert (kiwi["status"], kiwi["type"]) == (404, "/problems/unknown-item")


def test_two_items_have_a_cosine_and_one_has_a_vector(shop: TestClient):
    cosine = shop.get("/similarity?a=apple&b=pear").json()["cosine"]
    assert cosine == pytest.approx(2 / 4.04**0.5, abs=1e-6)
    assert shop.get("/similarity?a=apple&b=apple").json()["cosine"] == 1
    assert len(shop.get("/items/apple/vector").json()["vector"]) == 2
    problem(shop.get("/similarity?a=apple&b=kiwi"), 404, "unknown-item")
    problem(shop.get("/items/kiwi/vector"), 404, "unknown-item")


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"filter": "colour = 'red'"}, "colour"),
        ({"filter": "kind ="}, "filter"),
        ({"candidates": ["a"] * 6}, "6 items"),
        ({"offset": 51}, "offset: 51"),
    ],
)
def test_rules_that_mean_nothing_are_refused(shop: TestClient, rules: dict[str, Any], where: str):
    for answer in (
        shop.get("/similar/apple", params=rules),
        shop.post("/recommend", json={"liked": ["apple"], **rules}),
    ):
        assert where in problem(answer, 422, "invalid-request")["detail"]


def test_scores_have_the_digits_of_a_float32(shop: TestClient):
    text = shop.get("/similar/apple").text
    scores = [part.split(",")[0].split("}")[0] for part in text.split('"score":')[1:]]
    assert all(len(score.lstrip("-")) <= len("0.1234567") for score in scores)


def test_diversity_zero_changes_nothing(shop: TestClient):
    plain = recommended(shop, liked=["apple"], k=3)
    assert recommended(shop, liked=["apple"], k=3, diversity=0) == plain
    spread = recommended(shop, liked=["apple"], k=3, diversity=0.9)
    assert ids(spread)[0] == ids(plain)[0]
    assert ids(spread) != ids(plain)
