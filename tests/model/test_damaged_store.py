"""The command line over a store with something wrong in it: one sentence, and nothing is lost."""

import hashlib
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from filelock import FileLock

from service.model import lock, reader
from service.model import store as store_module
from service.model.artifact import MANIFEST, MANIFEST_CHECKSUM, TABLE_OFFSETS
from service.model.store import Store
from tests.conftest import Result, make_artifact, make_artifact_with_next, overwrite

Run = Callable[..., Result]


@pytest.fixture
def good(publish: Callable[[], str]) -> str:
    """The current version, to which nothing happens."""
    return publish()


def add_nested(store: Store) -> str:
    """Adds a version with a configuration nested too deep."""
    version = store.add(make_artifact).model_version
    manifest = store.path(version) / MANIFEST
    deep = b'"config": {"deep": ' + b"[" * 3_000 + b"]" * 3_000
    put_manifest(store, version, manifest.read_bytes().replace(b'"config": {', deep))
    return version


def put_manifest(store: Store, version: str, content: bytes) -> None:
    overwrite(store.path(version) / MANIFEST, content)
    line = f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n"
    overwrite(store.path(version) / MANIFEST_CHECKSUM, line.encode())


@pytest.mark.parametrize(
    "command",
    [["models", "show"], ["models", "promote"], ["similar", "apple", "--version"]],
)
def test_a_manifest_nested_too_deep_is_one_sentence(
    store: Store, good: str, run: Run, command: list[str]
):
    damaged = add_nested(store)
    result = run(*command, damaged, "--models", store.directory)
    assert result.code == 1
    assert f"{damaged}/{MANIFEST} is damaged" in result.error
    assert store.current() == good


def test_a_damaged_version_and_a_copy_are_said_beside_the_list(store: Store, good: str, run: Run):
    damaged = add_nested(store)
    shutil.copytree(store.path(good), store.path(good).with_name("copy"))
    result = run("models", "list", "--models", store.directory)
    assert result.code == 0
    assert result.out.count(good) == 1
    assert f"{damaged}/{MANIFEST} is damaged" in result.err
    assert f"copy holds version {good}" in result.err
    assert "Traceback" not in result.err


def test_a_version_with_a_missing_manifest_is_said_beside_the_list(
    store: Store, good: str, run: Run
):
    (store.path(store.add(make_artifact).model_version) / MANIFEST).unlink()
    result = run("models", "list", "--models", store.directory)
    assert (result.code, result.out.count(good)) == (0, 1)
    assert f"unavailable: {store.directory}" in result.err


def test_prune_goes_on_beside_a_damaged_version(store: Store, good: str, run: Run):
    damaged = add_nested(store)
    newest = store.add(make_artifact).model_version
    store.promote(newest)
    result = run("models", "prune", "--keep", 1, "--models", store.directory)
    assert result.out == f"deleted 2: {good}, {damaged}\n"
    assert store.versions() == [newest]


@pytest.mark.parametrize("offsets", [np.full(7, np.nan), np.full(7, "many"), np.zeros(7, "M8[s]")])
def test_promote_refuses_offsets_of_another_kind(
    store: Store, good: str, run: Run, offsets: np.ndarray
):
    manifest = store.add(make_artifact_with_next)
    path = store.path(manifest.model_version) / TABLE_OFFSETS
    path.unlink()
    np.save(path, offsets)
    sha256 = manifest.sha256 | {TABLE_OFFSETS: hashlib.sha256(path.read_bytes()).hexdigest()}
    edited = manifest.model_copy(update={"sha256": sha256})
    put_manifest(store, manifest.model_version, edited.model_dump_json().encode())

    result = run("models", "promote", manifest.model_version, "--models", store.directory)
    assert result.code == 1
    assert f"{TABLE_OFFSETS} holds {offsets.dtype}" in result.error
    assert store.current() == good


@pytest.mark.usefixtures("good")
def test_too_little_memory_is_one_sentence(store: Store, run: Run, monkeypatch: pytest.MonkeyPatch):
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reader.faiss, "read_index", exhausted)
    result = run("similar", "apple", "--models", store.directory)
    assert result.code == 1
    assert "not enough memory" in result.error


def test_a_lock_that_is_held_is_said_and_given_up(
    store: Store, good: str, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0)
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.01)
    with FileLock(store.directory / ".lock"):
        result = run("models", "promote", good, "--models", store.directory)
    assert result.code == 1
    assert f"another process holds {store.directory}/.lock" in result.error
