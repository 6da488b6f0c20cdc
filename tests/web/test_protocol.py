"""What a connection may do to a running service."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.model.store import Store
from service.web.protocol import RESERVED_FILES
from tests.conftest import make_artifact

LIMITS = {
    "MAX_HEAD_BYTES": "2000",
    "MAX_BODY_BYTES": "3000",
    "READ_SECONDS": "0.4",
    "WRITE_SECONDS": "0.4",
    "IDLE_SECONDS": "1",
    "STOP_SECONDS": "0.5",
}
BODY = b"POST /recommend HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
CHUNKS = BODY.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked")
WHOLE = b"GET /healthz HTTP/1.1\r\n\r\n"


class Service:
    """A service of its own process, to be connected to."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


@contextmanager
def service(models: Path, log: Path, **settings: str) -> Iterator[Service]:
    """The service with small limits, and a file of what it says."""
    settings = {"MODELS": str(models), "PORT": "0"} | LIMITS | settings
    environment = os.environ | {f"ITEM2VEC_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "service"]
    with log.open("w") as said, subprocess.Popen(command, env=environment, stderr=said) as process:
        try:
            yield Service(process, _port(process, log))
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    while process.poll() is None:
        if found := re.search(r"running on http://[\d.]+:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    return pytest.fail(f"the service ended before it served: {log.read_text()}")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One published version; the answer about the item `large` has five megabytes."""
    store = Store(tmp_path_factory.mktemp("models"))
    vectors = {"small": [1.0, 0.0], "large": [0.0, 1.0]}

    def build(version: str) -> Any:
        return replace(make_artifact(version, vectors), metadata={"text": ["", "x" * 5_000_000]})

    store.promote(store.add(build).model_version)
    return store.directory


@pytest.fixture(scope="module")
def guarded(models: Path) -> Iterator[Service]:
    """One service for all tests that leave it running."""
    with service(models, models.parent / "log") as running:
        yield running


def answer(connection: socket.socket) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def refusal(connection: socket.socket, status: int, name: str) -> dict[str, Any]:
    """Checks that the named problem is the last thing a connection says."""
    response = answer(connection)
    problem: dict[str, Any] = json.loads(response.read())
    assert (response.status, problem["type"]) == (status, f"/problems/{name}")
    assert response.getheader("content-type") == "application/problem+json"
    assert response.getheader("connection") == "close"
    assert response.getheader("x-content-type-options") == "nosniff"
    assert ends(connection)
    return problem


def ends(connection: socket.socket, within: float = 3) -> bool:
    """Whether the other side ends a connection, whatever it still says."""
    deadline = time.monotonic() + within
    connection.settimeout(within)
    try:
        while time.monotonic() < deadline:
            if not connection.recv(65536):
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        pass
    return False


def send_for_ever(connection: socket.socket, start: bytes, piece: bytes) -> None:
    """Sends more and more, until there is an answer."""
    connection.sendall(start)
    connection.settimeout(0.01)
    for _ in range(1000):
        try:
            connection.sendall(piece)
            if connection.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
    connection.settimeout(10)


# Sizes


@pytest.mark.parametrize(
    ("start", "piece", "status", "name"),
    [
        (b"GET /", b"a" * 500, 414, "long-address"),
        (b"GET / HTTP/1.1\r\nX-A: ", b"a" * 500, 431, "long-headers"),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 50, 431, "long-headers"),
        (CHUNKS, b"1\r\na\r\n" * 100, 413, "too-large"),
        (CHUNKS + b"1;", b"a" * 500, 431, "long-headers"),
        (CHUNKS + b"0\r\nX-A: ", b"a" * 500, 431, "long-headers"),
        (CHUNKS + b"0\r\n", b"X-A: b\r\n" * 50, 431, "long-headers"),
    ],
    ids=["address", "header", "headers", "chunks", "extension", "trailer", "trailers"],
)
def test_what_never_ends_is_refused(
    guarded: Service, start: bytes, piece: bytes, status: int, name: str
):
    with guarded.connect() as connection:
        send_for_ever(connection, start, piece)
        response = answer(connection)
        assert (response.status, json.loads(response.read())["type"]) == (
            status,
            f"/problems/{name}",
        )
        assert ends(connection)


@pytest.mark.parametrize("size", [1900, 2100])
@pytest.mark.parametrize("pieces", [1, 7])
def test_the_limit_of_a_head_is_where_it_is_said_to_be(guarded: Service, size: int, pieces: int):
    head = b"GET /healthz HTTP/1.1\r\nX-A: "
    head += b"a" * (size - len(head)) + b"\r\n\r\n"
    with guarded.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = len(head) // pieces + 1
        for start in range(0, len(head), step):
            connection.sendall(head[start : start + step])
            time.sleep(0.01)
        if size < 2000:
            assert answer(connection).status == 200
        else:
            refusal(connection, 431, "long-headers")


def test_many_requests_in_one_piece_are_no_large_head(guarded: Service):
    request = b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 100 + b"\r\n\r\n"
    with guarded.connect() as connection, connection.makefile("rb") as stream:
        connection.sendall(request * 50 + request[:40])
        time.sleep(0.05)
        connection.sendall(request[40:])
        for _ in range(51):
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            while stream.readline() != b"\r\n":
                pass
            assert stream.read(15) == b'{"status":"ok"}'


def test_a_large_body_may_come_in_chunks_and_have_trailers(guarded: Service):
    body = json.dumps({"liked": ["small"] * 280}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    with guarded.connect() as connection:
        connection.sendall(CHUNKS + chunks + b"0\r\n" + b"X-A: b\r\n" * 200 + b"\r\n")
        assert answer(connection).status == 200


def test_a_body_that_is_announced_too_large_is_refused_at_once(guarded: Service):
    with guarded.connect() as connection:
        began = time.monotonic()
        connection.sendall(BODY.replace(b"100", b"1000000000000"))
        response = answer(connection)
        assert response.status == 413
        assert json.loads(response.read())["type"] == "/problems/too-large"
        assert time.monotonic() - began < 0.3
        assert ends(connection)


@pytest.mark.parametrize("address", [b"http://x:99999999/", b"http:///x"])
@pytest.mark.parametrize("before", [b"", WHOLE])
def test_an_address_that_is_none_is_refused(guarded: Service, address: bytes, before: bytes):
    with guarded.connect() as connection:
        if before:
            connection.sendall(before)
            assert answer(connection).read()
        connection.sendall(b"GET " + address + b" HTTP/1.1\r\n\r\n")
        refusal(connection, 400, "malformed-request")


# Times


@pytest.mark.parametrize("sent", [b"GET / HT", WHOLE[:-2], BODY, BODY + b"{"])
def test_what_does_not_arrive_in_time_is_refused(guarded: Service, sent: bytes):
    with guarded.connect() as connection:
        connection.sendall(sent)
        assert "0.4 seconds" in refusal(connection, 408, "too-slow")["detail"]


def test_a_byte_now_and_then_is_no_excuse(guarded: Service):
    with guarded.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        for _ in range(8):
            connection.sendall(b"a")
            time.sleep(0.08)
        refusal(connection, 408, "too-slow")


@pytest.mark.parametrize("sent", [b"", b"\r\n", WHOLE + b"\r\n"])
def test_a_connection_that_asks_for_nothing_is_closed(guarded: Service, sent: bytes):
    with guarded.connect() as connection:
        connection.sendall(sent)
        assert ends(connection, within=2)


def test_a_connection_may_rest_between_requests(guarded: Service):
    with guarded.connect() as connection:
        connection.sendall(WHOLE)
        assert answer(connection).read()
        time.sleep(0.6)  # longer than a request may take to arrive
        connection.sendall(WHOLE)
        assert answer(connection).status == 200


def unread(guarded: Service) -> socket.socket:
    """A connection that asks for megabytes, and reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", guarded.port))
    connection.sendall(b"GET /items/large HTTP/1.1\r\n\r\n")
    return connection


def read_all(connection: socket.socket, pause: float = 0) -> int:
    """How many bytes come, until all have or the other side gives up."""
    received = 0
    connection.settimeout(3)
    try:
        while part := connection.recv(1_000_000):
            received += len(part)
            time.sleep(pause)
    except (ConnectionError, TimeoutError):
        pass
    return received


def test_an_answer_that_is_not_read_is_cut_off(guarded: Service):
    with unread(guarded) as connection:
        time.sleep(0.6)
        assert read_all(connection) < 5_000_000


def test_an_answer_that_is_read_slowly_arrives(models: Path, tmp_path: Path):
    with (
        service(models, tmp_path / "log", WRITE_SECONDS="1.5") as running,
        unread(running) as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)
        began = time.monotonic()
        assert read_all(connection, pause=0.2) > 5_000_000
        assert time.monotonic() - began > 1.5  # longer than it may lie unread


# Stopping


@pytest.mark.parametrize("client", ["body", "unread", "idle"])
def test_no_client_keeps_the_service_from_stopping(models: Path, tmp_path: Path, client: str):
    limits = {"READ_SECONDS": "60", "WRITE_SECONDS": "60"}
    with service(models, tmp_path / "log", **limits) as running, ExitStack() as stack:
        if client == "unread":
            stack.enter_context(unread(running))
        else:
            connection = stack.enter_context(running.connect())
            connection.sendall(BODY if client == "body" else b"")
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=3)
    log = (tmp_path / "log").read_text()
    assert "traceback" not in log
    assert "shutdown complete" in log


# Too many


def test_idle_connections_give_way_and_busy_ones_do_not(models: Path, tmp_path: Path):
    limits = {"MAX_CONNECTIONS": "3", "READ_SECONDS": "60", "WRITE_SECONDS": "60"}
    with service(models, tmp_path / "log", **limits) as running, ExitStack() as stack:
        old = [stack.enter_context(running.connect()) for _ in range(3)]
        with running.connect() as connection:
            refusal(connection, 503, "overloaded")
        time.sleep(1.1)  # nobody gives way within a second
        assert running.get("/healthz") == '{"status":"ok"}'
        assert sum(ends(connection, within=0.1) for connection in old) == 1


def test_connections_leave_files_for_the_model(models: Path, tmp_path: Path):
    with service(models, tmp_path / "log", READ_SECONDS="60") as running, ExitStack() as stack:
        most = RESERVED_FILES + 3
        resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (most, most))
        for _ in range(3):
            stack.enter_context(running.connect())
        with running.connect() as connection:
            refusal(connection, 503, "overloaded")


def test_refusals_are_counted(models: Path, tmp_path: Path):
    with service(models, tmp_path / "log") as running:
        with running.connect() as connection:
            connection.sendall(b"hello\r\n\r\n")
            refusal(connection, 400, "malformed-request")
        metrics = running.get("/metrics")
    assert 'item2vec_refusals_total{problem="malformed-request"} 1.0' in metrics


def test_large_bodies_that_wait_leave_room_for_small_ones(models: Path, tmp_path: Path):
    limits = {"MAX_BODY_BYTES": "200000", "READ_SECONDS": "60"}
    large = BODY.replace(b"100", b"200000") + b"[" * 150_000
    with service(models, tmp_path / "log", **limits) as running, ExitStack() as stack:
        waiting = [stack.enter_context(running.connect()) for _ in range(60)]
        for connection in waiting:
            connection.sendall(large)
        refused = answered_first(waiting)
        assert 5 < len(refused) < 30
        response = answer(refused[0])
        assert json.loads(response.read())["type"] == "/problems/overloaded"
        assert (response.status, response.getheader("retry-after")) == (503, "1")
        with running.connect() as connection:
            liked = b'{"liked": ["small"]}'
            connection.sendall(BODY.replace(b"100", b"%d" % len(liked)) + liked)
            assert answer(connection).status == 200


def answered_first(connections: list[socket.socket]) -> list[socket.socket]:
    """Those that have an answer once no more of them get one."""
    answered: list[socket.socket] = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        before, answered = answered, [one for one in connections if has_answer(one)]
        if answered and len(answered) == len(before):
            break
    return answered


def has_answer(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({}, "info"),
        ({"HOST": "0.0.0.0"}, "warning"),
        ({"HOST": "0.0.0.0", "API_KEYS": "the-only-key-there-is"}, None),
    ],
)
def test_a_service_that_everybody_may_ask_says_so(
    models: Path, tmp_path: Path, settings: dict[str, str], level: str | None
):
    with service(models, tmp_path / "log", **settings):
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["level"] for line in lines if "no API keys" in line["message"]] == (
        [level] if level else []
    )


@pytest.mark.parametrize("key", ["short", ""])
def test_a_service_with_an_impossible_key_does_not_start(tmp_path: Path, key: str):
    environment = os.environ | {"ITEM2VEC_MODELS": str(tmp_path), "ITEM2VEC_ADMIN_KEY": key}
    command = [sys.executable, "-m", "service"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ITEM2VEC_ADMIN_KEY")
    assert not key or key not in line
