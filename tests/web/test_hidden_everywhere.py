"""A hidden item is in no answer of any worker, on whatever way it is asked for."""

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from prometheus_client.mmap_dict import MmapedDict

from service.model.artifact import Artifact
from service.model.neighbors import NeighborLists
from service.model.store import Store
from tests.conftest import FRUITS, TOOLS, make_artifact, make_continuations
from tests.web.test_live_model import until
from tests.web.test_main import running

AT_ONCE, MOST_TRIES = 4, 50
LIKED: dict[str, Any] = {"liked": ["apple"]}
# Each of these is answered with a pear, among others.
QUESTIONS: list[tuple[str, Any]] = [
    ("/similar/apple?k=1", None),  # by the list that is stored
    ("/similar/apple?k=5&min_score=-1", None),  # by a search
    ("/similar/apple?relation=next", None),
    ("/next/apple", None),
    ("/popular", None),
    ("/popular?filter=kind+=+'fruit'", None),
    ("/items?q=pear", None),
    ("/items?q=a&filter=kind+=+'fruit'", None),
    ("/items?q=paer", None),
    ("/recommend?liked=apple", None),
    ("/recommend?liked=kiwi", None),  # unknown: the fallback answers
    ("/analogy?positive=plum&positive=apple", None),
    ("/recommend", LIKED),
    ("/recommend", LIKED | {"relation": "next"}),
    ("/recommend", {"liked": ["kiwi"]}),
    ("/recommend", {"disliked": ["apple"]}),
    ("/recommend", {"liked": ["apple", "saw"], "tastes": 2}),
    ("/recommend", LIKED | {"filter": "kind = 'fruit'"}),
    ("/recommend", LIKED | {"candidates": ["pear", "plum"], "diversity": 0.5, "explain": True}),
    ("/recommend", {"liked": ["apple", "pear"], "allow_seen": True}),
    ("/recommend", {"liked": ["apple", "pear"], "allow_seen": True, "relation": "next"}),
    ("/analogy", {"positive": ["apple", "plum"], "negative": ["saw"]}),
    ("/similar", {"items": ["apple", "plum"]}),
    ("/similar", {"items": ["apple"], "relation": "next"}),
    ("/recommend/batch", {"queries": [LIKED, {"liked": ["kiwi"]}]}),
]


def build(version: str, names: list[str]) -> Artifact:
    """A model in which the pear is near every fruit, comes next, and is stored in every list."""
    vectors = {name: [1.0, row / 10 + (name in TOOLS)] for row, name in enumerate(names)}
    pear = names.index("pear")
    items = len(names)
    artifact = make_artifact(version, vectors, make_continuations([{pear: 0.5, 0: 0.5}] * items))
    lists = NeighborLists(np.full((items, 1), pear, np.int32), np.ones((items, 1), np.float32))
    return replace(artifact, neighbors=lists)


def ask(server: str, path: str, body: Any = None, method: str | None = None) -> str:
    """An answer, over a connection of its own."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        server + quote(path, safe="/?&=+'"), content, {"Content-Type": "application/json"}
    )
    request.method = method or ("GET" if body is None else "POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def answers_of_every_worker(server: str, question: tuple[str, Any], metrics: Path) -> list[str]:
    """The answers to a question, which is asked until each of two workers has answered it."""
    before, answers = answered_by_workers(metrics), []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(MOST_TRIES):
            answers += threads.map(lambda _: ask(server, *question), range(AT_ONCE))
            if len(answered_by_workers(metrics) - before) == 2:
                return answers
    pytest.fail(f"{len(answers)} answers to {question}, all of one worker")


def answered_by_workers(metrics: Path) -> Counter[str]:
    """How many requests each worker has answered."""
    counts: Counter[str] = Counter()
    for path in metrics.glob("counter_*.db"):
        for key, value, _, _ in MmapedDict.read_all_values_from_file(path):
            if json.loads(key)[0] == "item2vec_requests":
                counts[path.name] += int(value)
    return counts


def gauges(metrics: Path, name: str) -> list[float]:
    """What each worker has measured."""
    return [
        value
        for path in metrics.glob("gauge_livemostrecent_*.db")
        for key, value, _, _ in MmapedDict.read_all_values_from_file(path)
        if json.loads(key)[0] == name
    ]


@contextmanager
def two_workers(store: Store) -> Iterator[str]:
    """The address of a service; what it logs is read, so that it can go on logging."""
    with running(store, workers=2) as (server, process):
        assert process.stderr is not None
        reader = threading.Thread(target=process.stderr.read)
        reader.start()
        try:
            yield server
        finally:
            process.terminate()
            reader.join()


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes the folder where the workers of a service count."""

    def folder(name: str) -> Path:
        (tmp_path / name).mkdir()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / name))
        return tmp_path / name

    monkeypatch.setenv("ITEM2VEC_POLL_SECONDS", "0.1")
    return folder


def test_a_hidden_item_is_in_no_answer_of_any_worker(store: Store, metrics: Callable[[str], Path]):
    def assert_none_names_the_pear(server: str, counts: Path) -> None:
        for question in QUESTIONS:
            for answer in answers_of_every_worker(server, question, counts):
                assert "pear" not in answer, question

    store.promote(store.add(lambda version: build(version, FRUITS + TOOLS)).model_version)
    counts = metrics("first")
    with two_workers(store) as server:
        for question in QUESTIONS:
            assert "pear" in ask(server, *question), question
        ask(server, "/admin/hidden/pear", method="PUT")
        until(lambda: gauges(counts, "item2vec_hidden_items") == [1, 1])
        assert_none_names_the_pear(server, counts)

        names = ["cherry", *reversed(FRUITS + TOOLS)]
        store.promote(store.add(lambda version: build(version, names)).model_version)
        until(lambda: gauges(counts, "item2vec_model_items") == [7, 7])
        assert_none_names_the_pear(server, counts)

    counts = metrics("second")
    with two_workers(store) as server:
        assert_none_names_the_pear(server, counts)
        ask(server, "/admin/hidden/pear", method="DELETE")
        until(lambda: gauges(counts, "item2vec_hidden_items") == [0, 0])
        for question in QUESTIONS:
            assert "pear" in ask(server, *question), question
