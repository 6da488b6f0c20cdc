"""A service in a process of its own, and the memory it takes."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

PATIENCE = 120  # seconds until a service must be ready


class Memory(NamedTuple):
    """Megabytes of a process: its proportional set size (shared pages in part), and all pages."""

    pss: float
    rss: float


class Service(NamedTuple):
    """A running service, and the file of what it says."""

    port: int
    pid: int
    log: Path

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> Memory:
        """What it takes now; Linux only."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        kilobytes = dict(re.findall(r"^(\w+): +(\d+) kB$", rollup, re.MULTILINE))
        return Memory(int(kilobytes["Pss"]) / 1024, int(kilobytes["Rss"]) / 1024)

    def connections(self) -> int:
        """How many sockets it has open, those it listens on among them; Linux only."""
        sockets = 0
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                sockets += str(descriptor.readlink()).startswith("socket:")
            except FileNotFoundError:  # closed meanwhile
                continue
        return sockets

    def errors(self) -> int:
        """How many errors it has logged."""
        return self.log.read_text().count('"level": "error"')


@contextmanager
def serving(models: Path, **settings: str) -> Iterator[Service]:
    """Runs a service of one worker until the block ends; waits until it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "MODELS": str(models),
        "PORT": str(port),
        "LOG_LEVEL": "warning",
        "LOG_FORMAT": "json",
    } | settings
    environment = os.environ | {f"ITEM2VEC_{name}": value for name, value in settings.items()}
    log = models / "service.log"
    with log.open("w") as said:
        process = subprocess.Popen([sys.executable, "-m", "service"], env=environment, stderr=said)
    service = Service(port, process.pid, log)
    try:
        _wait_for(f"{service.address}/readyz", process)
        yield service
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(url, timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
