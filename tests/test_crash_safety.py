"""A process killed at each step of a publication leaves the store as it was or as it was to be."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.model.store import Store
from tests.conftest import make_artifact

ROOT = Path(__file__).parent.parent

OPERATIONS = 192  # writing the version, making it current, pruning; not the reading between them

# For every line "directory operation": publishes there in a process of its own, which kills itself
# at that operation on the file system. Prints how it ended.
SERVER = """
import os, signal, sys
from pathlib import Path
from service.model.store import Store
from tests.conftest import make_artifact

CHANGES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}

def publish_and_die(directory, left):
    def count_down(event, arguments):
        nonlocal left
        if event in CHANGES and directory in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    store = Store(Path(directory))
    sys.addaudithook(count_down)
    store.promote(store.add(make_artifact).model_version)
    store.prune(1)
    os._exit(left)

for line in sys.stdin:
    directory, operation = line.split()
    if not (child := os.fork()):
        publish_and_die(directory, int(operation))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def publish_and_die():
    """Publishes in a process that is killed at an operation; returns how it ended."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def publish_and_die(directory, operation):
            print(directory, operation, file=server.stdin, flush=True)
            return int(server.stdout.readline())

        yield publish_and_die
        server.stdin.close()


@pytest.mark.parametrize("operation", range(1, OPERATIONS + 2))
def test_the_current_model_survives_a_kill_at_any_operation(tmp_path, publish_and_die, operation):
    store = Store(tmp_path / "models")
    first = store.add(make_artifact).model_version
    store.promote(first)

    ended = publish_and_die(store.directory, operation)

    assert ended == (-signal.SIGKILL if operation <= OPERATIONS else 1)
    assert store.load().manifest.items == 6
    for version in store.versions():
        store.load(version)
    second = store.add(make_artifact).model_version
    store.promote(second)
    assert store.current() == second
    assert not list((store.directory / "versions").glob(".*"))
