"""Versions come, go and come back while every kind of query is asked."""

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from service.model.artifact import Artifact
from service.model.errors import InputError
from service.model.store import Store
from tests.chaos.services import serving
from tests.conftest import fruits_and_tools, make_artifact
from tests.shell import wait_until
from trainer.artifacts.neighbors import with_neighbors

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
CONNECTIONS = 6
LIKED = {"liked": ["apple", "saw"], "k": 3}
Request = tuple[str, str, str | None]
REQUESTS: list[Request] = [
    ("GET", "/similar/apple?k=2", None),  # read from a list
    ("GET", "/similar/saw?k=5", None),  # searched
    ("GET", "/next/hammer", None),
    ("GET", "/recommend?liked=pear&k=2", None),
    ("POST", "/recommend", json.dumps(LIKED)),
    ("POST", "/recommend", json.dumps(LIKED | {"relation": "next"})),
    ("POST", "/analogy", json.dumps({"positive": ["pear", "saw"], "negative": ["plum"]})),
    ("GET", "/items?q=pear", None),
    ("GET", "/items/pear", None),
]


def artifacts() -> Iterator[Callable[[str], Artifact]]:
    """Models whose every answer tells them apart, by its titles and by its scores."""
    for seed in count():

        def build(version: str, seed: int = seed) -> Artifact:
            names = make_artifact().item_ids
            vectors = np.random.default_rng(seed).normal(size=(len(names), 3))
            named = dict(zip(names, vectors.tolist(), strict=True))
            artifact = make_artifact(version, named, fruits_and_tools())
            titles = [f"{name} of {version}" for name in names]
            return with_neighbors(replace(artifact, titles=titles), 2, workers=1)

        yield build


class Client:
    """Asks over one connection for as long as it is let; remembers what each version answered."""

    def __init__(self, port: int, answers: dict[tuple[str, Request], bytes]) -> None:
        self.answers = answers
        self.newest = ""  # the version that answered last
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask_until(self, stop: threading.Event) -> int:
        """How many requests were answered."""
        asked = 0
        with closing(self._connection):
            while not stop.is_set():
                self._ask(REQUESTS[asked % len(REQUESTS)])
                asked += 1
        return asked

    def _ask(self, request: Request) -> None:
        self._connection.request(*request, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content
        answer = json.loads(content)
        version = answer["model_version"]
        items = answer.get("items", [answer])
        assert items
        assert {item["title"].partition(" of ")[2] for item in items} == {version}
        assert response.getheader("ETag", f'"{version}-').startswith(f'"{version}-')
        assert self.answers.setdefault((version, request), content) == content
        self.newest = version


def change(store: Store, models: Iterator[Callable[[str], Artifact]], choice: str) -> None:
    """One thing that happens to a store."""
    match choice:
        case "publish":
            store.promote(store.add(next(models)).model_version)
        case "promote":
            store.promote(random.choice(store.versions()))
        case "rollback":
            with suppress(InputError):  # there may be nothing to go back to
                store.rollback()
        case "prune":
            store.prune(random.randint(1, 3))


def test_no_request_fails_and_none_is_answered_by_two_versions(store: Store, tmp_path: Path):
    models, stop = artifacts(), threading.Event()
    answers: dict[tuple[str, Request], bytes] = {}
    store.promote(store.add(next(models)).model_version)
    with (
        serving(store.directory, tmp_path / "log") as service,
        ThreadPoolExecutor(CONNECTIONS) as threads,
    ):
        clients = [Client(service.port, answers) for _ in range(CONNECTIONS)]
        asking = [threads.submit(client.ask_until, stop) for client in clients]
        deadline = time.monotonic() + SECONDS

        def is_answered(version: str) -> bool:
            return any(client.newest == version for client in clients)

        try:
            while time.monotonic() < deadline and not any(one.done() for one in asking):
                change(store, models, random.choice(["publish", "promote", "rollback", "prune"]))
                wait_until(lambda: is_answered(store.current()), "the current version")
        finally:
            stop.set()
        assert sum(one.result() for one in asking) > len(REQUESTS) * CONNECTIONS
    assert '"level": "error"' not in (tmp_path / "log").read_text()
    assert len(answers) > 3 * len(REQUESTS)
