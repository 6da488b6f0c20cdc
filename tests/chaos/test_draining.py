"""A service that is told to stop answers what it was asked before."""

import http.client
import json
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.model.store import Store
from tests.chaos.services import serving
from tests.shell import wait_until
from tests.web.test_protocol import Service, answer

REQUESTS = 20
LIKED = b'{"liked": ["apple"], "k": 2}'
HEAD = (
    b"POST /recommend HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    b"Content-Length: %d\r\n\r\n" % len(LIKED)
)


def begun(service: Service) -> socket.socket:
    """A connection with a request whose body the service waits for."""
    connection = service.connect()
    connection.sendall(HEAD)
    expected = b"HTTP/1.1 100 Continue\r\n\r\n"
    with connection.makefile("rb") as stream:
        assert stream.read(len(expected)) == expected
    return connection


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_in_flight_are_answered_before_the_service_ends(
    store: Store, publish: Callable[[], str], tmp_path: Path, workers: int
):
    version, log = publish(), tmp_path / "log"
    with serving(store.directory, log, WORKERS=str(workers)) as service, ExitStack() as stack:
        wait_until(lambda: log.read_text().count("startup complete") == workers, "the workers")
        connections = [stack.enter_context(begun(service)) for _ in range(REQUESTS)]
        idle = stack.enter_context(service.connect())
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: log.read_text().count("Shutting down") == workers, "the end to begin")
        assert idle.recv(1) == b""
        for connection in connections:
            connection.sendall(LIKED)
        answers = [answer(connection) for connection in connections]
        assert {response.status for response in answers} == {200}
        assert {json.loads(response.read())["model_version"] for response in answers} == {version}
        code = service.process.wait(timeout=60)
    said = log.read_text()
    assert said.count("shutdown complete") == workers
    assert '"level": "error"' not in said
    assert code in (0, -signal.SIGTERM)  # one worker of uvicorn ends by the signal it was sent


def test_no_new_request_is_taken_meanwhile(
    store: Store, publish: Callable[[], str], tmp_path: Path
):
    publish()
    log = tmp_path / "log"
    with serving(store.directory, log) as service, begun(service) as connection:
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Shutting down" in log.read_text(), "the end to begin")
        with pytest.raises(ConnectionRefusedError):
            service.connect()
        connection.sendall(LIKED)
        response = answer(connection)
        assert (response.status, response.getheader("connection")) == (200, "close")
        assert len(json.loads(response.read())["items"]) == 2
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            answer(connection)
