import http.client
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
from pathlib import Path
from urllib.parse import quote

import pytest

from service.model.store import Store
from service.web.metrics import Metrics
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


def run_to_its_end(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    """A service that is expected to end by itself."""
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | {"ITEM2VEC_PORT": "0"} | settings
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service without a model."""
    with running(Store(tmp_path_factory.mktemp("empty"))) as (server, _):
        yield server


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
    assert (
        'item2vec_requests_total{model="",relation="similar",route="/similar/{item_id}",'
        'status="200"} 10.0' in metrics
    )
    assert 'item2vec_model_items{model=""} 6.0' in metrics
    assert re.search(r'item2vec_build_info{python="3[^"]*",version="\d+[^"]*"} 1.0', metrics)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_a_failure_and_no_refusal(store: Store, workers: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_to_its_end(
            "-m",
            "service",
            ITEM2VEC_MODELS=str(store.directory),
            ITEM2VEC_PORT=str(taken.getsockname()[1]),
            ITEM2VEC_WORKERS=workers,
        )
    assert done.returncode == 1
    assert "address already in use" in done.stderr.lower()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("directory", ["nowhere", ""])
def test_a_missing_directory_of_metrics_is_one_sentence(workers: str, directory: str):
    settings = {"PROMETHEUS_MULTIPROC_DIR": directory, "ITEM2VEC_WORKERS": workers}
    done = run_to_its_end("-m", "service", **settings)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: PROMETHEUS_MULTIPROC_DIR={directory!r} ")
    assert "create it" in line


def test_an_empty_file_of_a_killed_worker_does_not_hide_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    (tmp_path / "counter_999999999.db").touch()
    assert Metrics().text() == b""
    assert list(tmp_path.iterdir()) == []


# Run by every worker as well, for they import what the parent was started with.
CANNOT_START = """
from service.__main__ import main
from service.web.live_model import LiveModel

def fail(model):
    raise RuntimeError("it cannot start")

LiveModel.refresh = fail

if __name__ == "__main__":
    raise SystemExit(main())
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_cannot_start_ends_with_a_failure(
    tmp_path: Path, store: Store, workers: str
):
    script = tmp_path / "cannot_start.py"
    script.write_text(CANNOT_START)
    done = run_to_its_end(
        script,
        ITEM2VEC_MODELS=str(store.directory),
        ITEM2VEC_WORKERS=workers,
        PYTHONPATH=str(Path(__file__).parents[2]),
    )
    assert "it cannot start" in done.stderr
    assert done.returncode == 1


def test_workers_that_are_told_to_stop_end_without_a_failure(store: Store):
    with running(store, workers=2) as (_, process):
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE / HTTP/1.1\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /recommend HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_like_others(server: str, sent: bytes):
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = json.loads(response.read())
    assert response.status == 400
    assert response.getheader("content-type") == "application/problem+json"
    assert response.getheader("connection") == "close"
    assert response.getheader("x-content-type-options") == "nosniff"
    assert body["detail"] == "Invalid HTTP request received."
    kind = json.loads(get(f"{server}{body['type']}"))
    assert (kind["title"], kind["status"]) == (body["title"], body["status"])


def test_head_has_the_headers_of_get_and_no_body(server: str):
    host, port = server.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    for path in ("/healthz", "/docs", "/nowhere"):
        for method in (
            "HEAD",
            "GET",
        ):  # over one connection: a body too many would be the next answer
            connection.request(method, path)
            response = connection.getresponse()
            assert bool(response.read()) == (method == "GET")
            assert int(response.getheader("content-length", "0")) > 0
    connection.close()
