"""What happens to requests beside and beyond each other."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.worlds import problem

Get = Callable[[str], Awaitable[httpx.Response]]


@pytest.fixture
def served(store: Store) -> Callable[..., Any]:
    """Runs a coroutine function with an application that has slow paths, and a way to ask it."""

    def run(ask: Callable[[Get], Awaitable[None]], **limits: float) -> None:
        app = create_app(Settings(models=store.directory, **limits))  # type: ignore[arg-type]
        _add_slow_paths(app)

        async def main() -> None:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                await ask(client.get)

        asyncio.run(main())

    return run


def _add_slow_paths(app: FastAPI) -> None:
    @app.get("/slow")
    async def slow(seconds: float) -> None:
        await asyncio.sleep(seconds)

    @app.get("/busy")
    def busy(seconds: float) -> None:
        time.sleep(seconds)


def test_a_request_too_many_is_refused_at_once(served):
    async def ask(get: Get) -> None:
        running = [asyncio.create_task(get("/slow?seconds=0.3")) for _ in range(2)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        refused = await get("/slow?seconds=0.3")
        assert time.monotonic() - began < 0.1
        assert "2 requests" in problem(refused, 503, "overloaded")["detail"]
        assert refused.headers["retry-after"] == "1"
        assert [(await request).status_code for request in running] == [200, 200]
        assert (await get("/slow?seconds=0")).status_code == 200

    served(ask, max_requests=2)


def test_whoever_watches_is_answered_under_load(served):
    async def ask(get: Get) -> None:
        running = asyncio.create_task(get("/slow?seconds=0.2"))
        await asyncio.sleep(0.05)
        assert (await get("/healthz")).status_code == 200
        problem(await get("/readyz"), 503, "no-model")
        problem(await get("/problems/overloaded"), 503, "overloaded")
        metrics = (await get("/metrics")).text
        assert 'item2vec_refusals_total{problem="overloaded"} 1.0' in metrics
        await running

    served(ask, max_requests=1)


@pytest.mark.parametrize("path", ["/slow", "/busy"])
def test_an_answer_that_takes_too_long_is_given_up(served, path):
    async def ask(get: Get) -> None:
        began = time.monotonic()
        refused = await get(f"{path}?seconds=0.5")
        assert time.monotonic() - began < 0.4
        assert "0.1 seconds" in problem(refused, 503, "overloaded")["detail"]
        assert refused.headers["retry-after"] == "1"
        assert (await get("/slow?seconds=0")).status_code == 200  # the place is free again

    served(ask, request_seconds=0.1, max_requests=1)


def test_a_timeout_of_the_application_itself_is_an_error(served, caplog):
    async def ask(get: Get) -> None:
        problem(await get("/fails"), 500, "internal-error")

    def add_failing(app: FastAPI) -> None:
        @app.get("/fails")
        async def fails() -> None:
            raise TimeoutError("of a disk")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.web.test_limits._add_slow_paths", add_failing)
        served(ask)
    assert "of a disk" in caplog.text
