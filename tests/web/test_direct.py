"""Direct answers equal the ordinary ones, and leave every fault to them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.model.queries import Query
from service.model.recommender import Recommender
from service.model.store import Store
from service.web import direct
from service.web.app import create_app
from service.web.metrics import Metrics
from service.web.searches import Searches
from service.web.settings import Settings
from tests.conftest import make_artifact, make_artifact_with_next


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, TestClient]]:
    """The service as it is, and one that answers nothing directly."""
    store = Store(tmp_path_factory.mktemp("direct") / "models")
    store.promote(store.add(make_artifact_with_next).model_version)

    limits = Settings(models=store.directory, max_k=12, max_items=5)
    with TestClient(create_app(limits)) as quick, TestClient(create_app(limits)) as ordinary:
        yield quick, ordinary


def answers(clients: tuple[TestClient, TestClient], *arguments: Any, **options: Any) -> list[Any]:
    """What both answer to a request."""
    quick, ordinary = clients
    answer = quick.request(*arguments, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "_ANSWERS", {})
        return [answer, ordinary.request(*arguments, **options)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/similar/apple?k=2", None),
        ("GET", "/similar/apple?k=2&relation=next", None),
        ("GET", "/next/apple?k=2", None),
        ("GET", "/similar/apple?k=2&filter=kind+%3D+'fruit'&min_count=2", None),
        ("GET", "/next/apple?diversity=0.0&filter=kind+%3D+'fruit'&min_score=0.1", None),
        ("POST", "/recommend", {"liked": ["apple"], "k": 2}),
        ("POST", "/recommend", {"liked": ["apple"], "filter": "kind = 'fruit'"}),
        ("POST", "/recommend", {"liked": ["apple"], "k": 2, "relation": "next"}),
        ("POST", "/recommend", {"liked": ["apple"], "k": 2, "allow_seen": True}),
    ],
)
def test_what_is_plainly_valid_is_answered_directly(
    clients: tuple[TestClient, TestClient],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: Any,
):
    answered: list[Any] = []
    send = direct._send
    monkeypatch.setattr(direct, "_send", lambda *parts: answered.append(parts) or send(*parts))
    assert clients[0].request(method, path, json=body).status_code == 200
    assert len(answered) == 1


ITEMS = st.sampled_from(["apple", "pear", "drill", "nothing", "", "a/b", "%41", "apple?"])
NUMBERS = st.one_of(
    st.integers(-1, 14), st.sampled_from(["5", "05", "1e1", "", " 3", "5.0", "x", 2.0, True, None])
)
CONDITIONS = st.sampled_from(
    ["kind = 'fruit'", "count < 35", "title is missing", "kind =", "colour = 'red'", "", "kind+= 1"]
)
RULES = {
    "filter": st.one_of(st.none(), CONDITIONS),
    "min_count": NUMBERS,
    "min_score": st.one_of(NUMBERS, st.floats(-1, 1)),
    "diversity": st.one_of(NUMBERS, st.floats(-0.5, 1.5)),
    "offset": NUMBERS,
}
PARAMETERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["k", "relation", "unknown", "exclude", "include"]), NUMBERS),
        st.tuples(st.just("relation"), st.sampled_from(["similar", "next", "Next"])),
        *(st.tuples(st.just(name), values) for name, values in RULES.items()),
    ),
    max_size=4,
)
BODIES = st.fixed_dictionaries(
    {"liked": st.lists(st.one_of(ITEMS, st.just(7)), max_size=6)},
    optional={
        "k": NUMBERS,
        "exclude": st.lists(ITEMS, max_size=2),
        **RULES,
        "relation": st.sampled_from(["similar", "next", "none"]),
        "decay": st.one_of(st.none(), st.floats(-0.5, 1.5), st.sampled_from(["0.5", True])),
        "allow_seen": st.sampled_from([True, True, False, None, "true", 1]),
        "unknown": st.just(1),
    },
)
twice = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@twice
@given(st.sampled_from(["similar", "next"]), ITEMS, PARAMETERS)
def test_a_direct_answer_about_an_item_is_the_ordinary_one(
    clients: tuple[TestClient, TestClient],
    path: str,
    item: str,
    parameters: list[tuple[str, Any]],
):
    assert_equal(*answers(clients, "GET", f"/{path}/{item}", params=parameters))


@twice
@given(BODIES)
def test_a_direct_recommendation_is_the_ordinary_one(
    clients: tuple[TestClient, TestClient], body: dict[str, Any]
):
    assert_equal(*answers(clients, "POST", "/recommend", json=body))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"liked": ["apple"]}', "text/plain"),
        (b'{"liked": ["apple"]}', "application/json; charset=utf-8"),
        (b'{"liked": ["\xff"]}', "application/json"),
        (b'{"liked": ["apple"], "liked": ["pear"]}', "application/json"),
        (b'{"liked": ["apple"], "decay": NaN}', "application/json"),
        (b'\xef\xbb\xbf{"liked": ["apple"]}', "application/json"),
        (b"[" * 10_000, "application/json"),
    ],
)
def test_odd_bodies_are_answered_the_same(
    clients: tuple[TestClient, TestClient], content: bytes, kind: str
):
    headers = {"Content-Type": kind}
    assert_equal(*answers(clients, "POST", "/recommend", content=content, headers=headers))


def assert_equal(quick: Any, ordinary: Any) -> None:
    assert quick.status_code == ordinary.status_code
    assert quick.json() == ordinary.json()
    for name in ("content-type", "etag", "cache-control"):
        assert quick.headers.get(name) == ordinary.headers.get(name)


# Searches


def recommender() -> Recommender:
    return Recommender(make_artifact())


@pytest.fixture
def long_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search is quick."""
    monkeypatch.setattr(Recommender, "is_quick", lambda *_: False)


@pytest.mark.usefixtures("long_searches")
def test_what_arrives_during_a_search_is_searched_together(monkeypatch: pytest.MonkeyPatch):
    model, sizes, started, free = recommender(), [], threading.Event(), threading.Event()
    best: Callable[..., Any] = Recommender.best

    def slow(self: Recommender, queries: list[Query]) -> Any:
        sizes.append(len(queries))
        started.set()
        assert free.wait(20)
        return best(self, queries)

    monkeypatch.setattr(Recommender, "best", slow)
    wanted = [model.query([item], k) for item, k in [("apple", 1), ("saw", 3), ("pear", 2)]]

    async def run() -> Any:
        searches = Searches(Metrics())
        first = asyncio.ensure_future(searches.best(model, wanted[0]))
        await asyncio.to_thread(started.wait)
        others = [asyncio.ensure_future(searches.best(model, query)) for query in wanted[1:]]
        await asyncio.sleep(0)
        free.set()
        answers = await asyncio.gather(first, *others)
        searches.close()
        return answers

    answers = asyncio.run(run())
    assert sizes == [1, 2]
    assert answers == [best(model, [query])[0] for query in wanted]


@pytest.mark.usefixtures("long_searches")
def test_a_search_that_fails_fails_for_those_who_wait_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
):
    model = recommender()
    best: Callable[..., Any] = Recommender.best
    outcomes: list[Any] = [RuntimeError("broken"), best]

    def fail_once(self: Recommender, queries: list[Query]) -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome(self, queries)

    monkeypatch.setattr(Recommender, "best", fail_once)

    async def run() -> Any:
        searches = Searches(Metrics())
        with pytest.raises(RuntimeError, match="broken"):
            await searches.best(model, model.query(["apple"], 2))
        answer = await searches.best(model, model.query(["apple"], 2))
        searches.close()
        return answer

    assert [neighbor.item_id for neighbor in asyncio.run(run())] == ["pear", "plum"]


@pytest.mark.usefixtures("long_searches")
def test_each_answer_comes_from_the_model_that_was_asked():
    old = recommender()
    new = Recommender(make_artifact("v2", {"apple": [1, 0], "saw": [1, 0.1], "pear": [0, 1]}))

    async def run() -> Any:
        searches = Searches(Metrics())
        answers = await asyncio.gather(
            *(searches.best(model, model.query(["apple"], 1)) for model in (old, new) * 5)
        )
        searches.close()
        return answers

    names = [[neighbor.item_id for neighbor in answer] for answer in asyncio.run(run())]
    assert names == [["pear"], ["saw"]] * 5


@pytest.mark.usefixtures("long_searches")
def test_many_clients_at_once_get_what_each_asked_for(
    clients: tuple[TestClient, TestClient],
):
    quick, ordinary = clients
    bodies = [
        {"liked": [first, second], "k": k}
        for first in ("apple", "saw", "nothing")
        for second in ("pear", "drill")
        for k in (1, 3)
    ]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: quick.post("/recommend", json=body), bodies))
    for body, answer in zip(bodies, answers, strict=True):
        expected = ordinary.post("/recommend", json=body).json()["items"]
        assert [item["item_id"] for item in answer.json()["items"]] == [
            item["item_id"] for item in expected
        ]
