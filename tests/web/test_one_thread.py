"""What happens in the threads that answer, and what must not wait for them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import faiss
import pytest
from fastapi.testclient import TestClient

from service.model.recommender import Recommender

PATIENCE = 20  # seconds until a test stops waiting


def test_health_is_answered_while_every_thread_is_busy(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    busy, free = threading.Event(), threading.Event()

    rank: Callable[..., Any] = Recommender.rank

    def wait(*arguments: Any) -> Any:
        busy.set()
        assert free.wait(PATIENCE)
        return rank(*arguments)

    async def have_one_thread() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1

    monkeypatch.setattr(Recommender, "rank", wait)
    assert client.portal is not None
    client.portal.call(have_one_thread)
    with ThreadPoolExecutor() as threads:
        try:
            stuck = threads.submit(client.get, "/analogy?positive=apple")
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
        ("GET", "/similar/apple", None),
        ("GET", "/recommend?liked=apple", None),
        ("POST", "/recommend", {"liked": ["apple"]}),
        ("GET", "/analogy?positive=apple", None),
        ("POST", "/analogy", {"positive": ["apple"]}),
    ],
)
def test_a_search_takes_one_thread_however_the_service_was_started(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
):
    search: Callable[..., Any] = Recommender.rank
    threads: list[int] = []

    def note_threads(*arguments: Any, **options: Any) -> Any:
        threads.append(faiss.omp_get_max_threads())
        return search(*arguments, **options)

    def reset() -> None:
        faiss.omp_set_num_threads(4)

    monkeypatch.setattr(Recommender, "rank", note_threads)
    assert client.portal is not None
    client.portal.call(anyio.to_thread.run_sync, reset)  # the pool's only thread so far
    assert client.request(method, path, json=body).status_code == 200
    assert threads == [1]
