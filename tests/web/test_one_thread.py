"""How many threads answer, and what must not wait for them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import faiss
import pytest
from fastapi.testclient import TestClient

from service.model import index
from service.model.recommender import Recommender

PATIENCE = 20  # seconds until a test stops waiting


def test_health_is_answered_while_every_thread_is_busy(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    busy, free = threading.Event(), threading.Event()

    find: Callable[..., Any] = Recommender.find

    def wait(*arguments: Any) -> Any:
        busy.set()
        assert free.wait(PATIENCE)
        return find(*arguments)

    async def have_one_thread() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1

    monkeypatch.setattr(Recommender, "find", wait)
    assert client.portal is not None
    client.portal.call(have_one_thread)
    with ThreadPoolExecutor() as threads:
        try:
            stuck = threads.submit(client.get, "/items?q=apple")
            assert busy.wait(PATIENCE)
            for path in ("/healthz", "/readyz"):
                answer = threads.submit(client.get, path).result(PATIENCE)
                assert answer.json() == {"status": "ok"}
            assert not stuck.done()
        finally:
            free.set()
        assert stuck.result(PATIENCE).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/similar/apple?k=1000", None),
        ("GET", "/recommend?liked=apple", None),
        ("POST", "/recommend", {"liked": ["apple"]}),
        ("GET", "/analogy?positive=apple", None),
        ("POST", "/analogy", {"positive": ["apple"]}),
    ],
)
@pytest.mark.parametrize("is_quick", [True, False])
def test_a_search_takes_one_thread_however_the_service_was_started(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: Any,
    is_quick: bool,
):
    search: Callable[..., Any] = index.search
    threads: list[int] = []

    def note_threads(*arguments: Any, **options: Any) -> Any:
        threads.append(faiss.omp_get_max_threads())
        return search(*arguments, **options)

    monkeypatch.setattr(index, "is_quick", lambda _: is_quick)
    monkeypatch.setattr(index, "search", note_threads)
    assert client.request(method, path, json=body).status_code == 200
    assert threads == [1]
