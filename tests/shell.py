"""Commands as a user types them, and a service to ask."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
ITEM2VEC = [sys.executable, "-m", "trainer"]
DEADLINE = 60
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*command, cwd, stdin="", code=0):
    """What a command has printed that exits with this code."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == code, done.stderr
    return done


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}"
        time.sleep(0.02)


def is_ready(address):
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[str]:
    """The address of the service over the models of a directory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*ITEM2VEC, "serve", "--port", str(port), "--poll-seconds", "0.1"],
        cwd=directory,
        env=ENVIRONMENT | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_ready(address), "the service")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=DEADLINE)
