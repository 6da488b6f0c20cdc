"""A service in a process of its own, and the memory it takes."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
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
    """Runs a service until the block ends; waits until it is ready."""
    settings = {"MODELS": str(models), "LOG_LEVEL": "warning", "LOG_FORMAT": "json"} | settings
    environment = {f"ITEM2VEC_{name}": value for name, value in settings.items()}
    port, log = free_port(), models / "service.log"
    with log.open("w") as said:
        command = [sys.executable, "-m", "service"]
        environment["ITEM2VEC_PORT"] = str(port)
        with running(command, f"http://127.0.0.1:{port}/readyz", environment, said) as process:
            yield Service(port, process.pid, log)


def cpu_seconds(pid: int) -> float:
    """The processor time that a process and its children have taken so far; Linux only."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], url: str, environment: Mapping[str, str], said: IO[str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server until the block ends; waits until it answers at `url`.

    Args:
        command: the program and its arguments.
        url: what it answers once it is ready.
        environment: variables it gets beside ours.
        said: where its errors are written.
    """
    process = subprocess.Popen(command, env=os.environ | environment, stderr=said)
    try:
        _wait_for(url, process)
        yield process
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
