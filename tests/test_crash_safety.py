"""A process killed at each step of a publication leaves the store as it was or as it was to be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.model.store import Store
from tests.conftest import make_artifact

ROOT = Path(__file__).parent.parent

# Kills itself at the n-th operation that changes the file system.
CHILD = """
import os, signal, sys
from pathlib import Path
from service.model.store import Store
from tests.conftest import make_artifact

left = int(sys.argv[2])
CHANGES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}

def count_down(event, arguments):
    global left
    if event not in CHANGES or str(sys.argv[1]) not in str(arguments[0]):
        return
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

store = Store(Path(sys.argv[1]))
sys.addaudithook(count_down)
store.promote(store.add(make_artifact).model_version)
store.prune(1)
"""


def publish_and_die(directory, operation):
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(directory), str(operation)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        timeout=60,
    ).returncode


# Of 74 operations: writing the version, making it current, pruning; not the reading between them.
@pytest.mark.parametrize(
    "operation", [*range(1, 29, 4), *range(46, 53, 2), *range(64, 75, 2), 10_000]
)
def test_the_current_model_survives_a_kill_at_any_operation(tmp_path, operation):
    store = Store(tmp_path / "models")
    first = store.add(make_artifact).model_version
    store.promote(first)

    ended = publish_and_die(store.directory, operation)

    assert ended == (0 if operation == 10_000 else -9)
    assert store.load().manifest.items == 6
    for version in store.versions():
        store.load(version)
    second = store.add(make_artifact).model_version
    store.promote(second)
    assert store.current() == second
    assert not list((store.directory / "versions").glob(".*"))
