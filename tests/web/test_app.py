import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from service.model.artifact import Artifact
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import FRUITS, TOOLS, make_artifact, make_artifact_with_next
from tests.worlds import PROBLEM, problem

ODD_IDS = ["a/b", "/", "a//b/", "100 %", "a b", "ä☕", "?k=1#x", "a+b", '"\\', "a\nx", "\n", "a\n"]


def odd_artifact(version: str) -> Artifact:
    """A model whose ids need percent-encoding."""
    vectors = {item_id: [1.0, row / 10] for row, item_id in enumerate(ODD_IDS)}
    return make_artifact(version, vectors)


@pytest.fixture
def odd_client(store: Store) -> Iterator[TestClient]:
    """The service over the model of odd ids."""
    store.promote(store.add(odd_artifact).model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


@pytest.fixture
def next_client(store: Store) -> Iterator[TestClient]:
    """The service over a model that knows what comes next."""
    store.promote(store.add(make_artifact_with_next).model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


@pytest.fixture
def narrow_client(store: Store, publish: Callable[[], str]) -> Iterator[TestClient]:
    """The service with small limits."""
    publish()
    settings = Settings(models=store.directory, max_k=12, max_items=3, max_body_bytes=200)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def empty_client(store: Store) -> Iterator[TestClient]:
    """The service before anything is published."""
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def post(client: TestClient, path: str, content: bytes) -> Any:
    return client.post(path, content=content, headers={"content-type": "application/json"})


# Answers


def test_similar_items(client: TestClient, store: Store):
    body = client.get("/similar/apple?k=2").json()
    (pear, plum) = body.pop("items")
    assert body == {
        "model_version": store.current(),
        "requested": 2,
        "returned": 2,
        "short_because": None,
        "relation": "similar",
        "score_kind": "cosine",
    }
    assert (pear["item_id"], pear["title"]) == ("pear", "A pear")
    assert pear["score"] == pytest.approx(2 / 4.04**0.5, abs=1e-7)
    assert pear.keys() == plum.keys() == {"item_id", "title", "score"}


def test_recommended_items(client: TestClient, store: Store):
    request = {"liked": ["apple", "kiwi"], "k": 10, "exclude": ["saw"]}
    body = client.post("/recommend", json=request).json()
    items = body.pop("items")
    assert body == {
        "model_version": store.current(),
        "requested": 10,
        "returned": 4,
        "short_because": "catalogue",
        "relation": "similar",
        "score_kind": "cosine",
        "unknown_items": ["kiwi"],
        "fallback_used": None,
        "ignored_items": [],
    }
    assert [item["item_id"] for item in items] == ["pear", "plum", "drill", "hammer"]
    assert [item["title"] for item in items] == ["A pear", "A plum", None, None]


def test_what_comes_after_an_item(next_client: TestClient, store: Store):
    body = next_client.get("/similar/apple?relation=next&k=5").json()
    assert body == {
        "model_version": store.current(),
        "requested": 5,
        "returned": 2,
        "short_because": "votes",
        "relation": "next",
        "score_kind": "probability",
        "items": [
            {"item_id": "hammer", "title": None, "score": 0.75},
            {"item_id": "pear", "title": "A pear", "score": 0.25},
        ],
    }


def test_next_is_similar_with_the_relation_next(next_client: TestClient):
    for query in ("", "?k=1"):
        after = next_client.get(f"/next/apple{query}")
        same = next_client.get(
            "/similar/apple", params={"relation": "next", "k": after.json()["requested"]}
        )
        assert after.status_code == 200
        assert after.json() == same.json()
        assert after.headers["cache-control"] == same.headers["cache-control"]


def test_what_comes_after_the_liked_items(next_client: TestClient):
    request = {"liked": ["apple", "kiwi", "hammer"], "relation": "next", "exclude": ["drill"]}
    body = next_client.post("/recommend", json=request).json()
    assert ids(body) == ["saw", "pear"]
    assert (body["relation"], body["returned"], body["requested"]) == ("next", 2, 10)
    assert body["unknown_items"] == ["kiwi"]
    assert body["fallback_used"] is None
    by_get = next_client.get("/recommend", params=request)
    assert by_get.json() == body


def test_liked_items_too_far_back_to_have_a_vote_are_listed(next_client: TestClient):
    request = {"liked": ["apple", "kiwi", *["hammer"] * 20], "relation": "next", "decay": 1}
    body = next_client.post("/recommend", json=request).json()
    assert body["ignored_items"] == ["apple"]
    assert "pear" not in ids(body)
    assert next_client.get("/recommend", params=request).json() == body


@pytest.mark.parametrize("relation", ["similar", "next"])
def test_the_decay_decides_how_much_the_earlier_items_count(next_client: TestClient, relation: str):
    def ask(**changes: Any) -> list[dict[str, Any]]:
        request = {"liked": ["hammer", "apple"], "relation": relation, **changes}
        by_post = next_client.post("/recommend", json=request).json()
        assert next_client.get("/recommend", params=request).json() == by_post
        return by_post["items"]

    usual = {"similar": 1.0, "next": 0.5}[relation]
    assert ask() == ask(decay=usual)
    assert ask(decay=0.25) != ask(decay=usual)
    without_memory = next_client.get(f"/similar/apple?relation={relation}").json()["items"]
    assert ask(decay=0) == [item for item in without_memory if item["item_id"] != "hammer"]


def test_popular_items_come_next_where_the_taste_is_unknown(next_client: TestClient):
    request = {"liked": ["kiwi"], "k": 2, "relation": "next"}
    body = next_client.post("/recommend", json=request).json()
    assert (body["fallback_used"], body["relation"]) == ("popularity", "next")
    assert ids(body) == ["apple", "pear"]
    assert "item2vec_fallbacks_total 1.0" in next_client.get("/metrics").text


def test_the_model_says_how_next_is_answered(next_client: TestClient):
    found = next_client.get("/model").json()["next"]
    assert found == {"decay": 0.5, "last_items": 20, "fit": None}


@pytest.mark.parametrize(
    ("method", "path", "request_body"),
    [
        ("GET", "/similar/apple?relation=next", None),
        ("GET", "/next/apple", None),
        ("GET", "/recommend?liked=apple&relation=next", None),
        ("POST", "/recommend", {"liked": ["apple"], "relation": "next"}),
        ("POST", "/recommend", {"liked": ["kiwi"], "relation": "next", "decay": 0.5}),
    ],
)
def test_a_model_that_does_not_know_what_comes_next_says_so(
    client: TestClient, store: Store, method: str, path: str, request_body: Any
):
    found = problem(client.request(method, path, json=request_body), 409, "no-continuations")
    assert f"model {store.current()} does not know what comes next" in found["detail"]
    assert "ask for similar items" in found["detail"]


def test_popular_items_where_the_taste_is_unknown(client: TestClient):
    body = client.post("/recommend", json={"liked": ["kiwi"], "k": 2}).json()
    assert body["fallback_used"] == "popularity"
    assert ids(body) == ["apple", "pear"]
    assert "item2vec_fallbacks_total 1.0" in client.get("/metrics").text


def test_an_analogy(client: TestClient, store: Store):
    request = {"positive": ["apple", "saw"], "negative": ["pear"], "k": 1}
    body = client.post("/analogy", json=request).json()
    (item,) = body.pop("items")
    assert body == {
        "model_version": store.current(),
        "requested": 1,
        "returned": 1,
        "short_because": None,
        "relation": "similar",
        "score_kind": "cosine",
    }
    assert (item["item_id"], item["title"]) == ("drill", None)


def test_one_item(client: TestClient, store: Store):
    assert client.get("/items/pear").json() == {
        "model_version": store.current(),
        "item_id": "pear",
        "title": "A pear",
        "count": 50,
        "metadata": {"kind": "fruit"},
        "trained": True,
    }


def test_items_are_found(client: TestClient, store: Store):
    body = client.get("/items", params={"q": "A p", "k": 2}).json()
    assert (body["model_version"], body["returned"]) == (store.current(), 2)
    assert ids(body) == ["pear", "plum"]
    assert body["items"][0] == {
        "item_id": "pear",
        "title": "A pear",
        "count": 50,
        "metadata": {"kind": "fruit"},
        "trained": True,
    }


def test_the_model_describes_itself(client: TestClient, store: Store):
    answer = client.get("/model").json()
    age = datetime.now(UTC) - datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert answer.pop("age_seconds") == pytest.approx(age.total_seconds(), abs=60)
    assert answer == {
        "model_version": store.current(),
        "created": "2026-01-02T03:04:05Z",
        "items": 6,
        "untrained": 0,
        "vector_size": 2,
        "output": "items",
        "config": {},
        "data": {},
        "metrics": {},
        "verdict": "made by hand",
        "similar": {"decay": 1.0, "answer_shrinkage": 0.0, "query_shrinkage": 0.0},
        "next": None,
        "vector_space_id": None,
        "alignment": None,
        "drift": None,
    }


def test_it_is_alive_and_ready(client: TestClient):
    assert client.get("/healthz").json() == client.get("/readyz").json() == {"status": "ok"}


def test_ten_items_are_the_default(client: TestClient):
    assert client.get("/similar/apple").json()["requested"] == 10
    assert client.post("/analogy", json={"positive": ["apple"]}).json()["requested"] == 10


@pytest.mark.parametrize(
    ("path", "request_body"),
    [
        ("/recommend", {"liked": ["apple", "kiwi", "apple"], "k": 3, "exclude": ["saw", "plum"]}),
        ("/recommend", {"liked": ["kiwi"]}),
        ("/analogy", {"positive": ["apple", "saw"], "negative": ["pear"], "k": 2}),
        ("/analogy", {"negative": ["pear"]}),
    ],
)
def test_a_get_twin_answers_as_its_post(
    client: TestClient, path: str, request_body: dict[str, Any]
):
    expected = client.post(path, json=request_body)
    found = client.get(path, params=request_body)
    assert expected.status_code == 200
    assert found.json() == expected.json()
    assert found.headers["cache-control"] == expected.headers["cache-control"]


# Ids


@pytest.mark.parametrize("item_id", ODD_IDS)
def test_any_id_can_be_asked_for_percent_encoded(odd_client: TestClient, item_id: str):
    encoded = quote(item_id, safe="")
    assert odd_client.get(f"/items/{encoded}").json()["item_id"] == item_id
    problem(odd_client.get(f"/next/{encoded}"), 409, "no-continuations")
    similar = odd_client.get(f"/similar/{encoded}?k=20").json()
    assert sorted([item_id, *ids(similar)]) == sorted(ODD_IDS)
    for response in (
        odd_client.get(f"/recommend?liked={encoded}&k=20"),
        odd_client.post("/recommend", json={"liked": [item_id], "k": 20}),
    ):
        assert response.json()["unknown_items"] == []
        assert sorted([item_id, *ids(response.json())]) == sorted(ODD_IDS)


@pytest.mark.parametrize("item_id", ["kiwi", "", "a/b", "\x00", "ä☕", "'", "a\nx", "a,b"])
def test_an_unknown_item_is_a_404_that_names_it(client: TestClient, item_id: str):
    encoded = quote(item_id, safe="")
    for path in (f"/similar/{encoded}", f"/next/{encoded}", f"/items/{encoded}"):
        assert repr(item_id) in problem(client.get(path), 404, "unknown-item")["detail"]


@pytest.mark.parametrize("number", [22423, 1.5, -1, 10**1000])
def test_a_number_that_was_meant_as_an_id_is_to_be_written_as_text(
    client: TestClient, number: float
):
    response = client.post("/recommend", json={"liked": ["apple", number]})
    (error,) = problem(response, 422, "invalid-request")["errors"]
    assert error["where"] == "liked[1]"
    text = str(number) if number != 10**1000 else f"1{'0' * 76}...{'0' * 20}"
    assert error["why"] == f'item ids are text: write "{text}"'


def test_ids_in_one_text_are_one_id(client: TestClient):
    for response in (
        client.get("/recommend?liked=apple,pear"),
        client.post("/recommend", json={"liked": ["apple,pear"]}),
    ):
        assert response.json()["unknown_items"] == ["apple,pear"]
        assert response.json()["fallback_used"] == "popularity"


def test_an_analogy_with_an_unknown_item_is_a_404(client: TestClient):
    for request in ({"positive": ["apple", "kiwi"]}, {"negative": ["kiwi"]}):
        found = problem(client.post("/analogy", json=request), 404, "unknown-item")
        assert "'kiwi'" in found["detail"]


# What cannot be answered


@pytest.mark.parametrize("path", ["/recommend", "/analogy"])
def test_an_unknown_field_is_refused_by_name(client: TestClient, path: str):
    request = {"liked" if path == "/recommend" else "positive": ["apple"], "topn": 5}
    found = problem(client.post(path, json=request), 422, "invalid-request")
    assert found["errors"] == [{"where": "topn", "why": "Extra inputs are not permitted"}]
    assert found["detail"].startswith("topn: ")


@pytest.mark.parametrize(
    ("request_body", "where"),
    [
        ({}, "body"),
        ({"k": 3}, "body"),
        ({"disliked": [{"id": "apple", "weight": 0}]}, "disliked[0].weight"),
        ({"liked": [{"weight": 1}]}, "liked[0].id"),
        ({"liked": [{"id": "apple", "at": "yesterday"}]}, "liked[0].at"),
        ({"liked": [], "diversity": 1.1}, "diversity"),
        ({"liked": [], "half_life": 0}, "half_life"),
        ({"liked": [], "include": ["price"]}, "include[0]"),
        ({"liked": "apple"}, "liked"),
        ({"liked": ["apple", 7]}, "liked[1]"),
        ({"liked": [""]}, "liked[0]"),
        ({"liked": ["x" * 1025]}, "liked[0]"),
        ({"liked": [], "exclude": [None]}, "exclude[0]"),
        ({"liked": [], "k": 0}, "k"),
        ({"liked": [], "k": -1}, "k"),
        ({"liked": [], "k": 1.5}, "k"),
        ({"liked": [], "k": None}, "k"),
        ({"liked": [], "k": "many"}, "k"),
        ({"liked": [], "k": "5"}, "k"),
        ({"liked": [], "k": 5.5}, "k"),
        ({"liked": [], "k": True}, "k"),
        ({"liked": [], "relation": "previous"}, "relation"),
        ({"liked": [], "relation": None}, "relation"),
        ({"liked": [], "decay": -0.1}, "decay"),
        ({"liked": [], "decay": 1.1}, "decay"),
        ({"liked": [], "decay": "slow"}, "decay"),
        ({"liked": [], "decay": "0.5"}, "decay"),
        ({"liked": [], "decay": True}, "decay"),
        ([], "body"),
        ("apple", "body"),
    ],
)
def test_an_invalid_body_is_refused_with_the_place(
    client: TestClient, request_body: Any, where: str
):
    found = problem(client.post("/recommend", json=request_body), 422, "invalid-request")
    assert found["errors"][0]["where"] == where


@pytest.mark.parametrize(
    "path",
    [
        "/similar/apple?k=0",
        "/similar/apple?k=-1",
        "/similar/apple?k=ten",
        "/similar/apple?k=",
        "/similar/apple?k=NaN",
        "/similar/apple?k=true",
        "/similar/apple?k=1&k=0",
        "/similar/apple?k=1_0",
        "/similar/apple?k=5.0",
        "/similar/apple?k=%205%20",
        "/similar/apple?k=%2B5",
        "/similar/apple?k=%D9%A5",
        "/similar/apple?relation=",
        "/similar/apple?relation=previous",
        f"/similar/apple?k={'9' * 5000}",
        "/items",
        "/items?q=",
        f"/items?q={'x' * 1025}",
        "/items?q=a&k=0",
        "/recommend",
        "/recommend?liked=",
        "/recommend?liked=apple&k=0",
        "/recommend?liked=apple&k=1_0",
        "/recommend?liked=apple&k=5.0",
        "/analogy?positive=apple&k=5.0",
        "/recommend?liked=apple&relation=previous",
        "/recommend?liked=apple&decay=2",
        "/recommend?liked=apple&decay=nan",
        "/recommend?liked=apple&decay=0_1",
        "/recommend?liked=apple&decay=%200.5",
        "/recommend?liked=apple&decay=true",
        "/recommend?liked=apple&more=1",
        "/analogy",
        "/analogy?positive=",
    ],
)
def test_an_invalid_query_is_a_422(client: TestClient, path: str):
    problem(client.get(path), 422, "invalid-request")


@pytest.mark.parametrize("decay", ["1", "0.5", ".5", "1e-05"])
def test_a_decay_in_a_query_is_a_decimal_number(client: TestClient, decay: str):
    by_get = client.get("/recommend", params={"liked": ["apple", "saw"], "decay": decay})
    request = {"liked": ["apple", "saw"], "decay": float(decay)}
    assert by_get.json() == client.post("/recommend", json=request).json()


@pytest.mark.parametrize("k", [13, 10**30])
def test_more_than_max_k_is_refused_with_the_limit(narrow_client: TestClient, k: int):
    for response in (
        narrow_client.get(f"/similar/apple?k={k}"),
        narrow_client.get(f"/items?q=a&k={k}"),
        narrow_client.get(f"/recommend?liked=apple&k={k}"),
        narrow_client.get(f"/analogy?positive=apple&k={k}"),
        narrow_client.post("/recommend", json={"liked": ["apple"], "k": k}),
        narrow_client.post("/analogy", json={"positive": ["apple"], "k": k}),
    ):
        found = problem(response, 422, "invalid-request")
        assert found["detail"] == f"k: {k} is more than the 12 this service returns"


def test_more_than_max_items_are_refused_with_the_limit(narrow_client: TestClient):
    many = [*FRUITS, "drill"]
    for response in (
        narrow_client.post("/recommend", json={"liked": ["saw"], "exclude": many, "k": 1}),
        narrow_client.get("/recommend", params={"liked": ["saw"], "exclude": many, "k": 1}),
        narrow_client.post("/analogy", json={"positive": many, "negative": ["saw"], "k": 1}),
        narrow_client.get("/analogy", params={"positive": many, "negative": ["saw"], "k": 1}),
    ):
        found = problem(response, 422, "invalid-request")
        assert found["detail"] == "4 items are more than the 3 a list of a query may name"


def test_a_whole_number_of_json_is_an_integer(client: TestClient):
    for path, request in (
        ("/recommend", {"liked": ["apple"]}),
        ("/analogy", {"positive": ["saw"]}),
    ):
        assert client.post(path, json=request | {"k": 2.0}).json()["requested"] == 2


def test_an_analogy_of_nothing_is_a_422(client: TestClient):
    found = problem(client.post("/analogy", json={}), 422, "invalid-request")
    assert "at least one" in found["detail"]


@pytest.mark.parametrize("path", ["/recommend", "/analogy"])
@pytest.mark.parametrize(
    "content",
    [
        b'{"liked": ["apple"',
        b"liked=apple",
        b'{"liked": ["a\x00"]}',
        b'{"liked": ["\xff"]}',
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b'{"liked":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"liked": [], "k": ' + b"9" * 5000 + b"}",
    ],
    ids=["cut", "form", "nul", "latin-1", "bytes", "deep", "deep and closed", "digits"],
)
def test_a_body_that_is_no_json_is_a_400(client: TestClient, path: str, content: bytes):
    problem(post(client, path, content), 400, "malformed-json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b'{"liked": ["\\ud800"]}',
        b'{"\\ud800": ["apple"]}',
        b'{"liked": [], "k": NaN}',
        b'{"liked": [], "k": Infinity}',
        b'{"liked": [], "k": -1e400}',
        b'{"liked": [NaN]}',
        b'{"": 1}',
    ],
)
def test_json_of_nonsense_is_a_422(client: TestClient, content: bytes):
    for path in ("/recommend", "/analogy"):
        problem(post(client, path, content), 422, "invalid-request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_a_422(client: TestClient, content_type: str):
    headers = {"content-type": content_type}
    response = client.post("/recommend", content=b'{"liked": ["apple"]}', headers=headers)
    problem(response, 422, "invalid-request")


def test_strange_ids_that_are_text_are_just_unknown(client: TestClient):
    response = post(client, "/recommend", b'{"liked": ["\\u0000", "\\ud83d\\ude00"]}')
    assert response.json()["unknown_items"] == ["\x00", "😀"]


def test_a_body_full_of_errors_gets_a_short_answer(client: TestClient):
    response = client.post("/recommend", json={"liked": [1] * 10_000})
    found = problem(response, 422, "invalid-request")
    assert [error["where"] for error in found["errors"]] == [f"liked[{i}]" for i in range(20)]


def body_of(size: int) -> bytes:
    content = json.dumps({"liked": ["apple"], "k": 5}).encode()
    return content + b" " * (size - len(content))


def test_a_body_up_to_the_limit_is_read(narrow_client: TestClient):
    assert post(narrow_client, "/recommend", body_of(200)).status_code == 200


@pytest.mark.parametrize("path", ["/recommend", "/analogy", "/nowhere"])
def test_a_larger_body_is_a_413(narrow_client: TestClient, path: str):
    found = problem(post(narrow_client, path, body_of(201)), 413, "too-large")
    assert "200 bytes" in found["detail"]


def test_a_larger_body_is_a_413_also_in_chunks_of_unknown_number(narrow_client: TestClient):
    headers = {"content-type": "application/json"}

    def send(content: bytes) -> Any:
        chunks = (content[start : start + 50] for start in range(0, len(content), 50))
        return narrow_client.post("/recommend", content=chunks, headers=headers)

    response = send(body_of(200))
    assert "content-length" not in response.request.headers
    assert response.status_code == 200
    problem(send(body_of(201)), 413, "too-large")


QUERIES = [
    ("GET", "/similar/apple"),
    ("GET", "/next/apple"),
    ("GET", "/recommend?liked=apple"),
    ("POST", "/recommend"),
    ("GET", "/analogy?positive=apple"),
    ("POST", "/analogy"),
    ("GET", "/items?q=apple"),
    ("GET", "/items/apple"),
    ("GET", "/items/apple/vector"),
    ("GET", "/similarity?a=apple&b=pear"),
    ("GET", "/popular"),
    ("POST", "/similar"),
    ("POST", "/recommend/batch"),
    ("POST", "/explain"),
]


@pytest.mark.parametrize(("method", "path"), [*QUERIES, ("GET", "/model"), ("GET", "/readyz")])
def test_without_a_model_it_asks_to_come_back(empty_client: TestClient, method: str, path: str):
    body = {"/recommend": {"liked": ["apple"]}, "/analogy": {"positive": ["apple"]}}.get(path)
    response = empty_client.request(method, path, json=body)
    problem(response, 503, "no-model")
    assert int(response.headers["retry-after"]) > 0


def test_without_a_model_it_is_alive(empty_client: TestClient):
    assert empty_client.get("/healthz").status_code == 200
    assert empty_client.get("/metrics").status_code == 200
    assert empty_client.get("/docs").status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/next", "/docs/"])
def test_an_unknown_path_is_a_404(client: TestClient, path: str):
    headers = {"host": "elsewhere.example"}
    response = client.get(path, headers=headers, follow_redirects=False)
    problem(response, 404, "not-found")


@pytest.mark.parametrize(
    "path", ["/recommend", "/analogy", "/similar/apple", "/model", "/", "/docs"]
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    client: TestClient, method: str, path: str
):
    response = client.request(method, path)
    allowed = "GET, HEAD, POST" if path in ("/recommend", "/analogy") else "GET, HEAD"
    assert response.headers["allow"] == allowed
    assert allowed in problem(response, 405, "method-not-allowed")["detail"]


def test_an_unexpected_error_is_a_500_that_tells_nothing(
    store: Store,
    publish: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    def fail(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    publish()
    app = create_app(Settings(models=store.directory))
    with TestClient(app, raise_server_exceptions=False) as client:
        monkeypatch.setattr("service.model.recommender.Recommender.best", fail)
        response = client.get("/similar/apple")
        problem(response, 500, "internal-error")
        metrics = client.get("/metrics").text
    assert "swordfish" not in response.text
    assert "swordfish" in caplog.text
    assert (
        'item2vec_requests_total{model="",relation="similar",route="/similar/{item_id}",'
        'status="500"} 1.0' in metrics
    )


# Caches


CACHEABLE = ["/similar/apple", "/similar/apple?k=2", "/items?q=a", "/items/apple"]


@pytest.mark.parametrize("path", CACHEABLE)
def test_an_answer_a_client_has_already_is_not_sent_again(client: TestClient, path: str):
    tag = client.get(path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', f'{tag} ,W/"other"', "*"):
        response = client.get(path, headers={"if-none-match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
        assert response.headers["cache-control"] == "no-cache"
    several = [("if-none-match", '"other"'), ("if-none-match", tag)]
    assert client.get(path, headers=several).status_code == 304


@pytest.mark.parametrize("path", CACHEABLE)
def test_an_answer_a_client_may_have_of_something_else_is_sent(client: TestClient, path: str):
    response = client.get(path)
    assert response.headers["cache-control"] == "no-cache"
    tag = response.headers["etag"]
    for other in ('"other"', f"{tag}junk", f'"{tag}"', f"w/{tag}", tag.strip('"'), "", ","):
        assert client.get(path, headers={"if-none-match": other}).content == response.content


@pytest.mark.parametrize("path", ["/healthz", "/recommend?liked=apple"])
@pytest.mark.parametrize("known", ["", ",", "*", '"a",'])
def test_an_answer_without_an_entity_tag_is_always_sent(client: TestClient, path: str, known: str):
    assert client.get(path, headers={"if-none-match": known}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/similar/kiwi", 404), ("/similar/apple?k=0", 422), ("/nowhere", 404)]
)
def test_what_is_no_answer_is_never_known(client: TestClient, path: str, status: int):
    response = client.get(path, headers={"if-none-match": "*"})
    assert response.status_code == status
    assert response.json()["status"] == status
    assert "etag" not in response.headers


def test_a_new_model_has_another_entity_tag(
    client: TestClient, publish: Callable[[], str], store: Store
):
    tag = client.get("/similar/apple").headers["etag"]
    publish()
    client.app.state.models[""].refresh()  # type: ignore[attr-defined]
    response = client.get("/similar/apple", headers={"if-none-match": tag})
    assert response.status_code == 200
    assert response.headers["etag"].startswith(f'"{store.current()}-')
    assert response.headers["etag"] != tag


def test_another_question_has_another_entity_tag(next_client: TestClient):
    paths = ["/similar/apple", "/similar/pear", "/similar/apple?k=2"]
    paths += [f"/similar/apple?relation={relation}" for relation in ("similar", "next")]
    tags = {next_client.get(path).headers["etag"] for path in paths}
    assert len(tags) == len(paths)
    (similar, after) = (next_client.get(path).headers["etag"] for path in paths[-2:])
    assert next_client.get(paths[-1], headers={"if-none-match": similar}).status_code == 200
    assert next_client.get(paths[-1], headers={"if-none-match": after}).status_code == 304


@pytest.mark.parametrize(
    ("method", "path", "request_body"),
    [
        ("POST", "/recommend", {"liked": ["apple"]}),
        ("GET", "/recommend?liked=apple", None),
        ("POST", "/analogy", {"positive": ["apple"]}),
        ("GET", "/analogy?positive=apple", None),
    ],
)
def test_a_personal_answer_is_never_stored(
    client: TestClient, method: str, path: str, request_body: Any
):
    response = client.request(method, path, json=request_body)
    assert response.headers["cache-control"] == "private, no-store"
    assert "etag" not in response.headers


# Metrics


def test_metrics_count_requests_by_route_and_status(client: TestClient):
    for path in ("/similar/apple", "/similar/pear", "/similar/kiwi", "/nowhere/secret"):
        client.get(path)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    route = 'model="",relation="similar",route="/similar/{item_id}"'
    assert f'item2vec_requests_total{{{route},status="200"}} 2.0' in lines
    assert f'item2vec_requests_total{{{route},status="404"}} 1.0' in lines
    assert (
        'item2vec_requests_total{model="",relation="",route="unmatched",status="404"} 1.0' in lines
    )
    assert f"item2vec_request_duration_seconds_count{{{route}}} 3.0" in lines
    assert 'item2vec_model_refreshes_total{model="",outcome="served"} 1.0' in lines
    assert 'item2vec_model_items{model=""} 6.0' in lines


def test_no_metric_holds_an_id_or_a_version(client: TestClient, store: Store):
    client.get("/similar/apple")
    client.get("/items/kiwi")
    client.get("/recommend?liked=apple&liked=kiwi")
    client.get("/static-offline-docs/kiwi")
    text = client.get("/metrics").text
    assert not [word for word in (*FRUITS, *TOOLS, "kiwi", store.current()) if word in text]
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(sample.startswith("item2vec_") for sample in samples)
    labels = {name for sample in samples for name in re.findall(r'(\w+)="', sample)}
    labels_of_all = {"model", "route", "relation", "status", "outcome", "le", "version", "python"}
    labels_of_all.add("band")
    assert labels == labels_of_all


# Documentation


@pytest.mark.parametrize(("accept", "place"), [("text/html,*/*", "explore"), ("*/*", "docs")])
def test_a_browser_is_shown_the_explorer_and_others_the_documentation(
    client: TestClient, accept: str, place: str
):
    headers = {"host": "elsewhere.example", "accept": accept}
    response = client.get("/", headers=headers, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, place)


def test_the_documentation_needs_nothing_from_elsewhere(client: TestClient):
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 3
    for asset in assets:
        response = client.get(asset)
        assert response.status_code == 200
        assert response.content


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and description of every query."""
    for path, methods in document["paths"].items():
        for described in methods.values():
            if described["tags"] == ["queries"]:
                yield path, described


def test_the_problems_of_every_query_are_documented(client: TestClient):
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(document)
    assert "Problem" in document["components"]["schemas"]
    found = list(operations(document))
    assert len(found) == len(QUERIES)
    for path, described in found:
        problems = {"422", "503"}
        if "{item_id}" in path or path in ("/analogy", "/explain", "/similarity"):
            problems.add("404")
        if path in ("/similar/{item_id}", "/next/{item_id}", "/recommend", "/explain"):
            problems.add("409")
        if "requestBody" in described:
            problems |= {"400", "413"}
        elif not path.startswith("/items/"):
            problems.add("414")
        assert set(described["responses"]) == {"200", *problems}
        for status in problems:
            content = described["responses"][status]["content"]
            assert list(content) == [PROBLEM]
            assert content[PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content[PROBLEM]["example"]["status"] == int(status)


def test_every_reference_of_the_openapi_document_leads_somewhere(client: TestClient):
    document = client.get("/openapi.json").json()
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        place = document
        for part in reference.split("/"):
            place = place[part]


@pytest.mark.parametrize("name", ["RecommendRequest", "AnalogyRequest"])
def test_a_request_that_can_be_tried_is_documented(client: TestClient, name: str):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    properties = schemas[name]["properties"]
    undocumented = [
        name for name, field in properties.items() if not field.keys() & {"examples", "default"}
    ]
    assert undocumented == []


# The world


def test_metadata_that_is_no_json_number_is_null(store: Store):
    def build(version: str) -> Artifact:
        return replace(make_artifact(version), metadata={"price": [float("nan")] * 6})

    store.promote(store.add(build).model_version)
    with TestClient(create_app(Settings(models=store.directory))) as client:
        assert client.get("/items/apple").json()["metadata"] == {"price": None}


def test_settings_come_from_the_environment(
    tmp_path: Path, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    version = publish()
    monkeypatch.setenv("ITEM2VEC_MODELS", str(tmp_path / "models"))
    with TestClient(create_app()) as client:
        assert client.get("/model").json()["model_version"] == version


def test_a_body_sent_as_a_form_is_told_the_content_type_to_use(client):
    answer = client.post(
        "/recommend",
        content='{"liked": ["apple"]}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]
