"""Object stores to test with: a directory, and a server that speaks S3."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from obstore.store import from_url

from service.model.store import Store
from tests.conftest import make_artifact
from tests.shell import wait_until

NAME = "shop"  # of the bucket


class S3Server:
    """A server of its own process that forgets everything when it stops."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Starts it with an empty bucket."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._is_up, "the object store")
        httpx.put(f"{self.address}/{NAME}").raise_for_status()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It accepts connections and says nothing from now on."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def overwrite(self, name: str, content: bytes) -> None:
        """What another program does to an object."""
        from_url(f"s3://{NAME}", client_options={"allow_http": True}).put(name, content)

    def _is_up(self) -> bool:
        try:
            return httpx.get(self.address).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(autouse=True)
def _no_credentials_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, which the environment names."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return s3_server


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A directory that plays the object store."""
    directory = tmp_path / "there"
    directory.mkdir()
    return directory


@pytest.fixture
def url(there: Path) -> str:
    return f"file://{there}"


@pytest.fixture
def cache(tmp_path: Path) -> Store:
    """An empty store elsewhere."""
    return Store(tmp_path / "cache")


@pytest.fixture
def add(store: Store) -> Callable[[], str]:
    """Adds a version without making it current; returns its name."""
    return lambda: store.add(make_artifact).model_version


def content(directory: Path) -> dict[str, bytes]:
    """Every file below a directory but locks, by its name."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
