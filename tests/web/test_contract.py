"""What the service promises of every route: parameters, HEAD, problems that explain themselves."""

import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.kinds import KINDS
from service.web.settings import Settings
from tests.worlds import PROBLEM, problem

GETS = [
    "/similar/apple",
    "/next/apple",
    "/recommend?liked=apple",
    "/analogy?positive=apple",
    "/popular",
    "/similarity?a=apple&b=pear",
    "/items/apple/vector",
    "/items?q=a",
    "/items/apple",
    "/model",
    "/healthz",
    "/readyz",
    "/admin/hidden",
    "/metrics",
    "/problems/unknown-item",
    "/explore/about",
    "/explore/map",
    "/explore/colors?column=kind",
    "/explore/items?rows=0",
    "/models",
    "/models/v1",
    "/models/v1/report",
    "/models/v1/similar/apple",
    "/models/v1/next/apple",
    "/nights",
    "/",
]


@pytest.fixture
def narrow_client(store: Store, publish: Callable[[], str]) -> Iterator[TestClient]:
    """The service with small limits."""
    publish()
    with TestClient(create_app(Settings(models=store.directory, max_k=50, max_items=7))) as client:
        yield client


# Parameters


def test_the_routes_above_are_all_there_are(client: TestClient):
    documented = client.get("/openapi.json").json()["paths"]
    paths = {
        path.replace("{item_id}", "apple")
        .replace("{name}", "unknown-item")
        .replace("{version}", "v1")
        for path, operations in documented.items()
        if "get" in operations
    }
    assert {path.split("?")[0] for path in GETS} == {*paths, "/"}


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("parameter", ["limit=1", "foo", "K=1", "limit=1&limit=2"])
def test_an_unknown_parameter_is_refused_by_name(client: TestClient, path: str, parameter: str):
    response = client.get(f"{path}{'&' if '?' in path else '?'}{parameter}", follow_redirects=False)
    (error,) = problem(response, 422, "invalid-request")["errors"]
    assert error["where"] == re.split("[=&]", parameter)[0]


def test_a_body_does_not_excuse_an_unknown_parameter(client: TestClient):
    response = client.post("/recommend?k=5", json={"liked": ["apple"]})
    assert problem(response, 422, "invalid-request")["errors"][0]["where"] == "k"


def test_a_refusal_names_the_parameters_there_are(client: TestClient):
    detail = problem(client.get("/items?query=a"), 422, "invalid-request")["detail"]
    assert detail == "query: is not a parameter; this path takes q, filter, k"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/similar/apple?k=1&k=2", "k"),
        ("/similar/apple?k=1&k=1", "k"),
        ("/similar/apple?relation=similar&relation=similar", "relation"),
        ("/items?q=a&q=b", "q"),
        ("/recommend?liked=apple&k=1&k=2", "k"),
        ("/recommend?liked=apple&decay=1&decay=1", "decay"),
        ("/analogy?positive=apple&k=1&k=2", "k"),
    ],
)
def test_a_parameter_with_one_value_comes_once(client: TestClient, path: str, name: str):
    (error,) = problem(client.get(path), 422, "invalid-request")["errors"]
    assert error == {"where": name, "why": "is given 2 times, but takes one value"}


# HEAD


@pytest.mark.parametrize("path", [*GETS, "/docs", "/openapi.json", "/similar/kiwi", "/nowhere"])
def test_head_is_get_without_the_body(client: TestClient, path: str):
    def headers_of(method: str) -> tuple[int, dict[str, str], int]:
        same = {"x-request-id": "one"}
        response = client.request(method, path, headers=same, follow_redirects=False)
        headers = dict(response.headers)
        if path == "/metrics":  # which counts the requests for it
            del headers["content-length"]
        return response.status_code, headers, len(response.content)

    status, headers, _ = headers_of("GET")
    assert headers_of("HEAD") == (status, headers, 0)


def test_head_heeds_the_entity_tag(client: TestClient):
    tag = client.head("/similar/apple").headers["etag"]
    assert client.head("/similar/apple", headers={"if-none-match": tag}).status_code == 304


# Problems


@pytest.mark.parametrize("name", KINDS)
def test_the_type_of_every_problem_says_what_it_means(client: TestClient, name: str):
    kind = client.get(f"/problems/{name}").json()
    assert kind["type"] == f"/problems/{name}"
    assert kind.keys() == {"type", "title", "status", "meaning"}
    assert 400 <= kind["status"] < 600
    assert kind["title"]
    assert kind["meaning"].endswith(".")


def test_the_type_of_a_problem_leads_to_its_meaning(client: TestClient):
    for response in (
        client.get("/nowhere"),
        client.get("/similar/kiwi"),
        client.put("/recommend"),
        client.post("/recommend", json={}),
        client.post("/recommend", content=b"{", headers={"content-type": "application/json"}),
    ):
        body = response.json()
        kind = client.get(body["type"]).json()
        assert (kind["title"], kind["status"]) == (body["title"], response.status_code)


def test_an_unknown_problem_is_a_404_that_names_the_known_ones(client: TestClient):
    detail = problem(client.get("/problems/kiwi"), 404, "not-found")["detail"]
    assert all(name in detail for name in ("'kiwi'", *KINDS))


def test_no_message_grows_with_what_was_sent(client: TestClient):
    long = "x" * 60_000
    for response in (
        client.get(f"/similar/{long}"),
        client.get(f"/items/{long}"),
        client.get(f"/problems/{long}"),
        client.get(f"/similar/apple?k={'9' * 60_000}"),
        client.get(f"/similar/apple?k={'9' * 90}"),
        client.get(f"/similar/apple?{long}=1"),
        client.get(f"/similar/apple?relation={long}"),
        client.post("/recommend", json={"liked": [long]}),
        client.post("/recommend", json={"liked": ["apple"], long: 1}),
        client.post("/recommend", json={"liked": ["apple"], "k": 10**4000}),
        client.post("/analogy", json={"positive": ["x" * 1024]}),
    ):
        assert response.headers["content-type"] == PROBLEM
        assert len(response.content) < 1000


def test_the_ends_of_a_long_id_are_named(client: TestClient):
    detail = client.get(f"/items/first{'x' * 1000}last").json()["detail"]
    assert re.search("'firstx+[.]{3}x+last'", detail)


def test_every_answer_is_to_be_believed_about_its_type(client: TestClient):
    asset = re.findall(r'src="([^"]+)"', client.get("/docs").text)[0]
    for path in (*GETS, "/docs", "/openapi.json", asset, "/nowhere", "/similar/kiwi"):
        response = client.get(path, follow_redirects=False)
        assert response.headers.get_list("x-content-type-options") == ["nosniff"], path


def test_an_unexpected_error_is_to_be_believed_about_its_type(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("service.model.recommender.Recommender.best", fail)
    quiet = TestClient(client.app, raise_server_exceptions=False)
    response = quiet.get("/similar/apple")
    problem(response, 500, "internal-error")
    assert response.headers["x-content-type-options"] == "nosniff"


# The document


def test_the_document_knows_the_limits_of_this_service(narrow_client: TestClient):
    document = narrow_client.get("/openapi.json").json()
    inputs = [
        (parameter["name"], parameter["schema"])
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    ]
    for name in ("RecommendRequest", "AnalogyRequest", "ManyRequest", "ExplainRequest"):
        inputs += document["components"]["schemas"][name]["properties"].items()
    ks = [schema for name, schema in inputs if name == "k"]
    assert len(ks) > 9
    assert {(schema["minimum"], schema["maximum"]) for schema in ks} == {(1, 50)}
    forms = [form for _, schema in inputs for form in (schema, *schema.get("anyOf", ()))]
    lists = [form for form in forms if form.get("type") == "array"]
    assert len(lists) > 15
    # What to include, the items of a list, and those of a batch.
    assert {schema["maxItems"] for schema in lists} == {2, 7, 100}


def test_the_document_says_that_an_analogy_needs_an_item(client: TestClient):
    schema = client.get("/openapi.json").json()["components"]["schemas"]["AnalogyRequest"]
    [one_of] = schema["allOf"]
    assert one_of["anyOf"] == [
        {"required": [name], "properties": {name: {"minItems": 1}}}
        for name in ("positive", "negative")
    ]
