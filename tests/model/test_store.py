import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.model import lock, reader, writer
from service.model import store as store_module
from service.model.artifact import COUNTS, Artifact, Manifest
from service.model.errors import (
    ArtifactError,
    InputError,
    JobRunningError,
    NoModelError,
    UnavailableError,
)
from service.model.store import Store
from service.model.verdict import Verdict
from tests.conftest import make_artifact, overwrite


def add(store: Store, *, refused: bool = False) -> str:
    return store.add(refused_items if refused else two_items).model_version


def two_items(version: str) -> Artifact:
    return make_artifact(version, {"apple": [1.0, 0.0], "saw": [0.0, 1.0]})


def refused_items(version: str) -> Artifact:
    artifact = two_items(version)
    verdict = Verdict(outcome="refused", checks=[])
    return replace(artifact, manifest=artifact.manifest.model_copy(update={"gate": verdict}))


def damage(store: Store, version: str) -> None:
    overwrite(store.path(version) / COUNTS, b"")


def test_an_empty_store_has_no_model(store: Store):
    assert store.versions() == []
    with pytest.raises(NoModelError, match="item2vec retrain"):
        store.current()
    assert not store.directory.exists()  # reading makes nothing


def test_a_promoted_version_is_current(store: Store, publish: Callable[[], str]):
    first, second = publish(), publish()
    assert store.versions() == [first, second]
    assert store.current() == second
    assert store.load().manifest.model_version == second
    assert store.load(first).manifest.model_version == first
    assert store.manifest(first).model_version == first


def test_a_version_added_is_not_current_until_it_is_promoted(store: Store):
    version = add(store)
    assert store.versions() == [version]
    with pytest.raises(NoModelError):
        store.current()


def test_promoting_the_current_version_again_is_no_step_to_roll_back(
    store: Store, publish: Callable[[], str]
):
    first, second = publish(), publish()
    store.promote(second)
    assert store.rollback() == first


def test_two_rollbacks_go_two_steps_back(store: Store, publish: Callable[[], str]):
    first, second, third = publish(), publish(), publish()
    assert store.current() == third
    assert store.rollback() == second == store.current()
    assert store.rollback() == first == store.current()
    with pytest.raises(InputError, match="no earlier version"):
        store.rollback()
    assert store.current() == first


def test_a_version_rolled_back_from_is_not_returned_to(store: Store, publish: Callable[[], str]):
    good, bad = publish(), publish()
    store.rollback()
    better = publish()
    assert store.rollback() == good
    assert {bad, better} < set(store.versions())  # forgotten as steps, not deleted


def test_a_rollback_to_a_damaged_version_changes_nothing(store: Store, publish: Callable[[], str]):
    first, second = publish(), publish()
    damage(store, first)
    with pytest.raises(ArtifactError, match=COUNTS):
        store.rollback()
    assert store.current() == second


@pytest.mark.parametrize("version", ["20200101", "", "..", "../versions"])
def test_promoting_an_unknown_version_names_the_known_ones(
    store: Store, publish: Callable[[], str], version: str
):
    known = publish()
    with pytest.raises(InputError, match=f"no version '{version}'.*known: {known}"):
        store.promote(version)
    assert store.current() == known


def test_promoting_a_damaged_version_changes_nothing(store: Store, publish: Callable[[], str]):
    current, damaged = publish(), add(store)
    damage(store, damaged)
    with pytest.raises(ArtifactError, match=COUNTS):
        store.promote(damaged)
    assert store.current() == current


def test_prune_keeps_the_newest_versions(store: Store, publish: Callable[[], str]):
    first, second, third, fourth = (publish() for _ in range(4))
    assert store.prune(2) == [first, second]
    assert store.versions() == [third, fourth]
    assert store.rollback() == third


@pytest.mark.parametrize("keep", [0, 1])
def test_prune_never_deletes_the_current_version(
    store: Store, publish: Callable[[], str], keep: int
):
    first = publish()
    second, third = add(store), add(store)
    kept = [second, third] if keep else []  # nobody has published them, so they do not count
    assert store.prune(keep) == [version for version in (second, third) if version not in kept]
    assert store.versions() == [first, *kept]
    assert store.load().manifest.model_version == first


def test_prune_counts_published_versions_alone(store: Store, publish: Callable[[], str]):
    published = [publish() for _ in range(2)]
    bad = [add(store, refused=True) for _ in range(4)]
    assert store.prune(2, keep_refused=1) == bad[:3]
    assert store.versions() == [*published, bad[3]]
    last = publish()
    assert store.prune(2, keep_refused=1) == published[:1]
    assert store.versions() == [published[1], bad[3], last]


@pytest.mark.parametrize("keep", [2, 3, 5])
def test_no_refused_version_goes_before_there_are_too_many(
    store: Store, publish: Callable[[], str], keep: int
):
    published = publish()
    bad = [add(store, refused=True) for _ in range(2)]
    assert store.prune(5, keep_refused=keep) == []
    assert store.versions() == [published, *bad]


def test_a_refused_version_that_a_person_publishes_counts(store: Store, publish: Callable[[], str]):
    first, bad = publish(), add(store, refused=True)
    store.promote(bad)
    assert store.prune(1) == [first]
    assert store.versions() == [bad]


def test_prune_removes_what_a_killed_process_left_of_a_small_file(
    store: Store, publish: Callable[[], str]
):
    publish()
    for name in ("history", "hidden"):
        (store.directory / f".partial-{name}").touch()
    store.prune(1)
    assert not list(store.directory.glob(".partial-*"))


def test_prune_does_not_count_a_damaged_version(store: Store, publish: Callable[[], str]):
    first, good, damaged = publish(), publish(), store.add(make_artifact).model_version
    damage(store, damaged)
    assert store.prune(1) == [first]
    assert store.versions() == [good, damaged]


def test_prune_deletes_nothing_where_too_few_versions_are_intact(
    store: Store, publish: Callable[[], str]
):
    versions = [publish() for _ in range(3)]
    for version in versions:
        damage(store, version)
    assert store.prune(1) == []
    assert store.versions() == versions


def test_prune_deletes_nothing_that_it_could_not_read(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    versions = [publish() for _ in range(3)]

    def fail(_: Path) -> Manifest:
        raise UnavailableError("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(reader, "verify", fail)
        assert store.prune(1) == []
    assert store.prune(1) == versions[:2]


@pytest.mark.parametrize("name", ["history", "versions"])
def test_what_cannot_be_read_is_named(store: Store, publish: Callable[[], str], name: str):
    publish()
    path = store.directory / name
    path.rename(store.directory / "aside")
    path.symlink_to(name)  # to itself, which even root cannot open
    with pytest.raises(UnavailableError, match=f"{name} cannot be read"):
        store.load()


def test_a_damaged_history_is_named(store: Store, publish: Callable[[], str]):
    publish()
    (store.directory / "history").write_bytes(b"\xff\xfe")
    with pytest.raises(ArtifactError, match="history is damaged"):
        store.current()


def test_a_pruned_version_is_no_step_to_roll_back(store: Store, publish: Callable[[], str]):
    publish()
    second = publish()
    store.prune(1)
    with pytest.raises(InputError, match="no earlier version"):
        store.rollback()
    assert store.current() == second


def test_pruning_an_empty_store_deletes_nothing(store: Store):
    assert store.prune(1) == []


def test_half_written_and_half_deleted_versions_are_never_seen_and_removed_later(
    store: Store, publish: Callable[[], str]
):
    version = publish()
    for name in (".partial-1", ".deleted-2"):
        (store.directory / "versions" / name).mkdir()
        (store.directory / "versions" / name / COUNTS).touch()
    (store.directory / "versions" / ".DS_Store").touch()  # not ours
    assert store.versions() == [version]
    later = add(store)
    found = sorted(path.name for path in (store.directory / "versions").iterdir())
    assert found == [".DS_Store", version, later]


def test_prune_removes_what_killed_processes_left(store: Store, publish: Callable[[], str]):
    version = publish()
    for name in (".partial-1", ".deleted-2"):
        (store.directory / "versions" / name).mkdir()
    (store.directory / "versions" / ".writing-1").touch()
    (store.directory / ".partial-history").touch()
    assert store.prune(5) == []
    assert [path.name for path in (store.directory / "versions").iterdir()] == [version]
    assert {path.name for path in store.directory.iterdir()} == {".lock", "history", "versions"}


def test_a_version_that_is_being_written_is_no_leftover(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    write_index = writer.faiss.write_index

    def write_while_others_publish(*arguments: object) -> None:
        monkeypatch.setattr(writer.faiss, "write_index", write_index)
        publish()
        store.prune(1)
        write_index(*arguments)

    monkeypatch.setattr(writer.faiss, "write_index", write_while_others_publish)
    store.load(add(store))
    assert [path.name for path in (store.directory / "versions").glob(".*")] == []


def test_promotion_refuses_what_the_service_would_refuse(store: Store, publish: Callable[[], str]):
    current = publish()
    wrong = store.add(lambda name: replace(two_items(name), counts=np.zeros(2, np.int64)))
    with pytest.raises(ArtifactError, match=f"{COUNTS} holds counts below 1"):
        store.promote(wrong.model_version)
    assert store.current() == current


def test_a_copy_under_another_name_is_refused(store: Store, publish: Callable[[], str]):
    current = publish()
    shutil.copytree(store.path(current), store.path(current).with_name("copy"))
    with pytest.raises(ArtifactError, match=f"copy holds version {current}"):
        store.promote("copy")
    with pytest.raises(ArtifactError, match=f"copy holds version {current}"):
        store.manifest("copy")
    assert store.current() == current


def test_every_promotion_has_another_mark(store: Store, publish: Callable[[], str]):
    version = publish()
    first = store.promotion()
    assert store.promotion() == first
    store.promote(version)
    again = store.promotion()
    assert again.version == version
    assert again.mark != first.mark


# The lock


@pytest.mark.parametrize("change", ["promote", "rollback", "prune"])
def test_files_are_read_before_the_lock_is_taken(
    store: Store, publish: Callable[[], str], change: str, monkeypatch: pytest.MonkeyPatch
):
    first, second = publish(), publish()
    verify = reader.verify
    verified = []

    def verify_unlocked(directory: Path) -> Manifest:
        with FileLock(store.directory / ".lock", timeout=0):
            verified.append(directory.name)
            return verify(directory)

    monkeypatch.setattr(reader, "verify", verify_unlocked)
    if change == "promote":
        store.promote(first)
    elif change == "rollback":
        assert store.rollback() == first
    else:
        assert store.prune(1) == [first]
    assert verified == [second if change == "prune" else first]


def test_a_version_is_written_without_the_lock(store: Store):
    store.directory.mkdir()
    with FileLock(store.directory / ".lock"):
        version = add(store)
    assert store.versions() == [version]


@pytest.mark.parametrize("change", ["promote", "rollback", "prune"])
def test_a_lock_that_is_not_let_go_is_named(
    store: Store,
    publish: Callable[[], str],
    change: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    first, second = publish(), publish()
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0)
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.01)
    arguments = {"promote": [first], "rollback": [], "prune": [1]}[change]
    with (
        FileLock(store.directory / ".lock"),
        pytest.raises(JobRunningError, match=r"holds .*\.lock.*try again"),
    ):
        getattr(store, change)(*arguments)
    assert "waiting up to 0.01 s for" in caplog.text
    assert (store.versions(), store.current()) == ([first, second], second)


def test_a_rollback_heeds_what_was_published_while_it_verified(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    first, second = publish(), publish()
    verify = reader.verify
    published = []

    def verify_while_another_publishes(directory: Path) -> Manifest:
        monkeypatch.setattr(reader, "verify", verify)
        published.append(publish())
        return verify(directory)

    monkeypatch.setattr(reader, "verify", verify_while_another_publishes)
    assert store.rollback() == second
    assert store.versions() == [first, second, *published]


def test_a_version_pruned_while_it_was_verified_is_not_promoted(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    first, second = publish(), publish()
    load = reader.load

    def load_while_another_prunes(directory: Path) -> Artifact:
        artifact = load(directory)
        assert store.prune(1) == [first]
        return artifact

    monkeypatch.setattr(reader, "load", load_while_another_prunes)
    with pytest.raises(InputError, match=f"no version '{first}'"):
        store.promote(first)
    assert store.current() == second


def test_a_version_promoted_while_prune_verifies_stays(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    first, second, third = publish(), publish(), publish()
    verify = reader.verify

    def verify_while_another_promotes(directory: Path) -> Manifest:
        monkeypatch.setattr(reader, "verify", verify)
        store.promote(first)
        return verify(directory)

    monkeypatch.setattr(reader, "verify", verify_while_another_promotes)
    assert store.prune(1) == [second]
    assert (store.versions(), store.current()) == ([first, third], first)


# The disk


def test_the_history_is_on_the_disk_before_and_after_it_is_replaced(
    store: Store, publish: Callable[[], str], disk_log: list[tuple[str, str]]
):
    first = publish()
    disk_log.clear()
    store.promote(first)
    partial, history = store.directory / ".partial-history", store.directory / "history"
    assert disk_log == [
        ("synced", str(partial)),
        ("renamed", f"{partial} -> {history}"),
        ("synced", str(store.directory)),
    ]


def test_a_history_that_does_not_fit_on_the_disk_stays_as_it_was(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    first, second = publish(), publish()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="history cannot be written: No space left"):
            store.promote(first)
    assert store.current() == second
    assert not (store.directory / ".partial-history").exists()


def test_a_version_whose_writing_fails_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writer.faiss, "write_index", full)
        with pytest.raises(UnavailableError, match="cannot be written: No space left on device"):
            add(store)
    assert list((store.directory / "versions").iterdir()) == []


def test_a_version_whose_building_fails_leaves_nothing(store: Store):
    def fail(_: str) -> Artifact:
        raise ValueError("no convergence")

    with pytest.raises(ValueError, match="no convergence"):
        store.add(fail)
    assert store.versions() == []


def test_the_history_is_replaced_in_one_step(
    store: Store, publish: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    current, version = publish(), add(store)
    history = (store.directory / "history").read_text()

    def die(*_: object) -> None:
        assert (store.directory / "history").read_text() == history
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            store.promote(version)
    assert store.current() == current
    with (store.directory / "history").open() as opened_before:
        store.promote(version)
        assert opened_before.read() == history  # replaced, not rewritten
    assert store.current() == version


def test_a_second_job_is_refused_while_one_runs(store: Store):
    with (
        store.job(),
        pytest.raises(JobRunningError, match="another retraining job"),
        Store(store.directory).job(),
    ):
        pytest.fail("two jobs at once")
    with store.job():
        pass


def test_a_running_job_does_not_keep_others_from_publishing(
    store: Store, publish: Callable[[], str]
):
    with store.job():
        assert publish() == store.current()


def test_a_job_that_fails_frees_the_lock_and_keeps_its_error(store: Store):
    with pytest.raises(ValueError, match="no convergence"), store.job():
        raise ValueError("no convergence")
    with store.job():
        pass


HOLD_THE_JOB = """
import sys
from pathlib import Path
from service.model.store import Store
with Store(Path(sys.argv[1])).job():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def job_elsewhere(store: Store) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the job until it is killed."""
    command = [sys.executable, "-c", HOLD_THE_JOB, str(store.directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_a_killed_job_in_another_process_frees_the_lock(store: Store):
    with job_elsewhere(store) as process:
        with pytest.raises(JobRunningError), store.job():
            pytest.fail("two jobs at once")
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store.job():
            pass


class StoreAgainstALine(RuleBasedStateMachine):
    """A store does what two plain lists would do."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.temporary.name))
        self.versions: list[str] = []
        self.promoted: list[str] = []

    def teardown(self) -> None:
        self.temporary.cleanup()

    @rule()
    def add(self) -> None:
        self.versions.append(add(self.store))

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.versions))
        self.store.promote(version)
        if self.promoted[-1:] != [version]:
            self.promoted.append(version)

    @rule()
    def rollback(self) -> None:
        earlier = [version for version in self.promoted if version != self.promoted[-1]]
        if earlier:
            self.promoted = earlier
            assert self.store.rollback() == earlier[-1]
        else:
            with pytest.raises(InputError):
                self.store.rollback()

    @rule(keep=st.integers(0, 4))
    def prune(self, keep: int) -> None:
        published = [version for version in self.versions if version in self.promoted]
        newest = published[::-1][:keep]
        kept = [
            version
            for version in self.versions
            if (keep and (len(published) <= keep or version >= newest[-1]))
            or version in self.promoted[-1:]
        ]
        deleted = [version for version in self.versions if version not in kept]
        assert self.store.prune(keep) == deleted
        self.versions = kept
        self.promoted = [version for version in self.promoted if version in kept]

    @invariant()
    def the_same_versions_and_the_same_current_one(self) -> None:
        assert self.store.versions() == self.versions
        if self.promoted:
            assert self.store.current() == self.promoted[-1]
            assert self.store.load().manifest.model_version == self.promoted[-1]
        else:
            with pytest.raises(NoModelError):
                self.store.current()


TestStoreAgainstALine = StoreAgainstALine.TestCase
TestStoreAgainstALine.settings = settings(max_examples=15, stateful_step_count=15)
