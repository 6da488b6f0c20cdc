"""A PostgreSQL server of its own for tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "shop", "s3cret@/#"
QUOTED = "s3cret%40%2F%23"
DEBIAN = Path("/usr/lib/postgresql")


def program(name: str) -> str | None:
    """Where a program of the server is; Debian leaves them out of the path."""
    newest_first = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: -float(path.parts[-3]))
    return shutil.which(name) or next(iter(map(str, newest_first)), None)


@contextmanager
def server() -> Iterator[str]:
    """`host:port` of a server with the user USER, who needs PASSWORD and owns all."""
    directory = Path(tempfile.mkdtemp(prefix="item2vec-postgres-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = {}
    if os.getuid() == 0:  # as which the server refuses to run
        as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(directory, "nobody", "nogroup")

    def do(name: str, *arguments: str) -> None:
        subprocess.run(
            [program(name), "-D", directory / "data", *arguments],
            cwd=directory, stdout=subprocess.DEVNULL, check=True, timeout=60, **as_user,
        )  # fmt: skip

    try:
        (directory / "password").write_text(PASSWORD)
        (directory / "password").chmod(0o644)
        do("initdb", "-U", USER, "-A", "scram-sha-256", "--pwfile", "password", "--no-sync",
           "-E", "UTF8", "--locale", "C")  # fmt: skip
        options = f"-F -p {port} -k {directory} -c listen_addresses=127.0.0.1"
        do("pg_ctl", "-w", "-l", str(directory / "log"), "-o", options, "start")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            do("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)
