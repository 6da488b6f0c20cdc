import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from service.store import Store
from tests.conftest import make_artifact


@contextmanager
def running(store: Store, workers: int = 1) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`python -m service` on a free port: its address and its process."""
    settings = {
        "ITEM2VEC_MODELS": str(store.directory),
        "ITEM2VEC_PORT": "0",
        "ITEM2VEC_WORKERS": str(workers),
    }
    command = [sys.executable, "-m", "service"]
    environment = os.environ | settings
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield address(process, workers), process
        finally:
            process.terminate()


def address(process: subprocess.Popen[str], workers: int) -> str:
    """Where the service listens, once all its workers have started."""
    log = ""
    assert process.stderr is not None
    for line in process.stderr:
        log += line
        found = re.search(r"running on (http://127\.0\.0\.1:\d+)", log)
        if found and log.count("Application startup complete") == workers:
            return found[1]
    pytest.fail(f"the service ended before it served: {log}")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def test_the_service_runs_from_the_command_line_until_it_is_told_to_stop(
    store: Store, publish: Callable[[], str]
):
    version = publish()
    with running(store) as (server, process):
        assert json.loads(get(f"{server}/model"))["model_version"] == version
        process.terminate()
        _, log = process.communicate(timeout=10)
    assert "Application shutdown complete" in log
    assert process.returncode in (0, -signal.SIGTERM)  # uvicorn ends by the signal it was sent


def test_ids_arrive_as_they_were_percent_encoded(store: Store):
    odd = ["%2F", "/", "a/../b", "100 %", "ä☕"]
    vectors = {item_id: [1.0, 0.0] for item_id in odd}
    store.promote(store.add(lambda version: make_artifact(version, vectors)).model_version)
    with running(store) as (server, _):
        for item_id in odd:
            found = json.loads(get(f"{server}/items/{quote(item_id, safe='')}"))
            assert found["item_id"] == item_id


def test_workers_count_together(store: Store, publish: Callable[[], str]):
    publish()
    with running(store, workers=2) as (server, _):
        for _ in range(10):
            get(f"{server}/similar/apple")
        time.sleep(0.1)  # a request is counted just after it is answered
        metrics = get(f"{server}/metrics")
    assert 'item2vec_requests_total{route="/similar/{item_id:path}",status="200"} 10.0' in metrics
    assert "item2vec_model_items 6.0" in metrics


def test_a_port_in_use_is_a_failure_and_no_refusal(store: Store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = {
            "ITEM2VEC_MODELS": str(store.directory),
            "ITEM2VEC_PORT": str(taken.getsockname()[1]),
        }
        done = subprocess.run(
            [sys.executable, "-m", "service"],
            env=os.environ | settings,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert "address already in use" in done.stderr
