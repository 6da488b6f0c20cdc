"""Publishing to a disk without room, beside a service."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from service.model.artifact import INPUT_VECTORS, NEIGHBORS
from service.model.store import Store
from tests.chaos.services import serving
from tests.conftest import make_artifact
from tests.shell import ENVIRONMENT, ITEM2VEC
from tests.web.test_protocol import Service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits differ")

# As on a full disk, no file gets more kilobytes than that.
WITH_ROOM = ["bash", "-c", 'ulimit -f "$0"; exec "$@"']
ITEMS, SIZE = 2000, 16
ROOM = {  # kilobytes with which the writing ends in this file
    "item_ids.npy": 1,
    INPUT_VECTORS: ITEMS * SIZE * 4 // 1024,
    NEIGHBORS: ITEMS * 50 * 4 // 1024,
}


@pytest.fixture
def service(store: Store, publish: Callable[[], str], tmp_path: Path) -> Iterator[Service]:
    """The service over a published version."""
    publish()
    with serving(store.directory, tmp_path / "log") as service:
        yield service


def fail(kilobytes: int, *command: object) -> str:
    """The error of a command that has so much room."""
    done = subprocess.run(
        [*WITH_ROOM, str(kilobytes), *ITEM2VEC, *map(str, command)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    [error] = done.stderr.splitlines()
    return error


def everything(store: Store) -> list[Path]:
    return sorted(path for path in store.directory.rglob("*") if path.name != ".lock")


@pytest.mark.parametrize("file", ROOM)
def test_an_import_without_room_says_so_and_leaves_nothing(
    store: Store, service: Service, tmp_path: Path, file: str
):
    rows = np.random.default_rng(0).normal(size=(ITEMS, SIZE))
    lines = [f"item-{row} {' '.join(f'{x:.3f}' for x in one)}\n" for row, one in enumerate(rows)]
    (tmp_path / "vectors.txt").write_text(f"{ITEMS} {SIZE}\n{''.join(lines)}")
    current, before = store.current(), everything(store)

    error = fail(ROOM[file], "import", tmp_path / "vectors.txt", "--models", store.directory)

    assert error.startswith(f"error: {store.directory}/versions/")
    assert error.endswith("cannot be written: File too large")
    assert everything(store) == before
    assert json.loads(service.get("/model"))["model_version"] == store.current() == current
    store.load()


def test_a_promotion_without_room_says_so_and_changes_nothing(store: Store, service: Service):
    current = store.current()
    version = store.add(make_artifact).model_version
    before = everything(store)

    error = fail(0, "models", "promote", version, "--models", store.directory)

    assert error == f"error: {store.directory}/history cannot be written: File too large"
    assert everything(store) == before
    assert json.loads(service.get("/model"))["model_version"] == store.current() == current

    store.promote(version)  # once there is room
    store.prune(1)
    assert store.versions() == [version]
