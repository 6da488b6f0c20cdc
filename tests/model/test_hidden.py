import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from service.model import hidden, lock
from service.model.errors import (
    ArtifactError,
    InputError,
    Item2VecError,
    JobRunningError,
    UnavailableError,
)
from service.model.hidden import Hidden
from service.model.recommender import Recommender
from service.model.store import Store
from tests.conftest import make_artifact
from tests.shell import ENVIRONMENT

ODD = [
    "a/b",
    "two\nlines",
    "\u2028",
    'a "quoted" one',
    "",
    " ",
    "ä☕",
    "\x00",
    "\\",
    "\x85",
    "X" * 1024,
]
ids = st.sets(st.text(st.characters(exclude_categories=["Cs"])))


@pytest.fixture
def path(store: Store) -> Path:
    """The file of the list."""
    return store.directory / "hidden"


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_nothing_is_hidden_at_first_and_nothing_is_made(store: Store):
    assert Hidden(store.directory).ids() == frozenset()
    assert not store.directory.exists()


def test_hidden_items_are_known_to_everybody_until_they_are_shown(store: Store):
    one, other = Hidden(store.directory), Hidden(store.directory)
    one.hide("apple", "pear")
    one.hide("apple")
    assert one.ids() == other.ids() == {"apple", "pear"}
    other.show("apple", "never hidden")
    assert one.ids() == other.ids() == {"pear"}
    one.show("pear")
    assert other.ids() == Hidden(store.directory).ids() == frozenset()


def test_any_text_is_an_id_and_a_line(store: Store, path: Path):
    Hidden(store.directory).hide(*ODD)
    assert Hidden(store.directory).ids() == set(ODD)
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    assert sorted(json.loads(line) for line in lines) == sorted(ODD)


@given(first=ids, second=ids)
def test_the_list_is_what_was_hidden_without_what_was_shown(
    tmp_path_factory: pytest.TempPathFactory, first: set[str], second: set[str]
):
    directory = tmp_path_factory.mktemp("store")
    hidden = Hidden(directory)
    hidden.hide(*first)
    hidden.show(*second)
    assert hidden.ids() == Hidden(directory).ids() == first - second


def test_what_utf_8_cannot_hold_is_refused(store: Store):
    with pytest.raises(InputError, match="udc"):
        Hidden(store.directory).hide("apple", "\udcff")
    assert Hidden(store.directory).ids() == frozenset()


def test_no_two_lists_have_one_time_however_fast_they_follow(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("time.time_ns", lambda: 1000)
    writer, reader = Hidden(store.directory), Hidden(store.directory)
    for number in range(9):  # ids of one length: the sizes of the files tell nothing
        writer.hide(str(number))
        writer.show(str(number - 1))
        assert reader.ids() == {str(number)}
    assert path.stat().st_mtime_ns == 1000 + 2 * 9 - 2


def test_a_list_that_stays_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    hidden = Hidden(store.directory)
    hidden.hide("apple")
    known = hidden.ids()
    hidden.hide("apple")
    monkeypatch.delattr(Path, "open")
    assert hidden.ids() is known


# Many at once

HIDE = """
import sys
from pathlib import Path
from service.model.hidden import Hidden

hidden = Hidden(Path(sys.argv[1]))
for number in range(10):
    hidden.hide(f"{sys.argv[2]}-{number}")
    hidden.show(f"old-{sys.argv[2]}-{number}")
"""


def test_threads_and_processes_that_hide_at_once_lose_nothing(store: Store):
    names = ["thread-0", "thread-1", "process-0", "process-1"]
    every = {f"{name}-{number}" for name in names for number in range(10)}
    hidden = Hidden(store.directory)
    hidden.hide("stays", *(f"old-{one}" for one in every))
    processes = [
        subprocess.Popen([sys.executable, "-c", HIDE, store.directory, name], env=ENVIRONMENT)
        for name in names[2:]
    ]
    with ThreadPoolExecutor(8) as threads:
        mine = [one for one in every if one.startswith("thread")]
        list(threads.map(hidden.hide, mine))
        list(threads.map(lambda one: hidden.show(f"old-{one}"), mine))
    assert [process.wait(60) for process in processes] == [0, 0]
    assert hidden.ids() == {"stays", *every}
    assert [path.name for path in store.directory.iterdir() if path.name != ".lock"] == ["hidden"]


def test_a_lock_that_is_held_is_waited_for_and_then_named(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0)
    monkeypatch.setattr(hidden, "LOCK_SECONDS", 0.01)
    Hidden(store.directory).hide("apple")
    with (
        FileLock(store.directory / ".lock"),
        pytest.raises(JobRunningError, match="nothing was changed"),
    ):
        Hidden(store.directory).hide("pear")
    assert Hidden(store.directory).ids() == {"apple"}


# Damage


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'"apple"\n"pe', 2),
        (b"apple\n", 1),
        (b'"apple"\n\xff\xfe"pear"\n', 2),
        (b"\x00" * 4096, 1),
        (b'"apple"\n"pear", "plum"\n', 2),
        (b'"apple"\n["pear"]\n', 2),
        (b"17\n", 1),
        (b'"apple"\n\n"pear"\n', 2),
        (b"[" * 100_000, 1),
    ],
)
def test_damage_is_named_and_what_was_known_can_be_asked_again(
    store: Store, path: Path, content: bytes, line: int
):
    hidden = Hidden(store.directory)
    hidden.hide("apple", "pear")
    good = path.read_bytes()
    hidden.ids()
    write(path, content)
    for attempt in (hidden.ids, Hidden(store.directory).ids, lambda: hidden.hide("plum")):
        with pytest.raises(ArtifactError, match=f"hidden is damaged in line {line}: write"):
            attempt()
    assert path.read_bytes() == content
    write(path, good)
    hidden.hide("plum")
    assert hidden.ids() == {"apple", "pear", "plum"}


def test_a_directory_in_its_place_is_named(store: Store, path: Path):
    path.mkdir(parents=True)
    hidden = Hidden(store.directory)
    for attempt in (hidden.ids, lambda: hidden.hide("apple")):
        with pytest.raises(UnavailableError, match="hidden cannot be read: Is a directory"):
            attempt()


def test_a_list_that_is_gone_shows_nothing_again(store: Store, path: Path):
    hidden = Hidden(store.directory)
    hidden.hide("apple")
    hidden.ids()
    path.unlink()
    for attempt in (hidden.ids, lambda: hidden.hide("pear")):
        with pytest.raises(UnavailableError, match="hidden cannot be read: No such file"):
            attempt()
    path.touch()
    assert hidden.ids() == frozenset()


def test_a_disk_that_refuses_leaves_the_list_as_it_was(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
):
    hidden = Hidden(store.directory)
    hidden.hide("apple")

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UnavailableError, match="hidden cannot be written: Read-only file system"):
        hidden.hide("pear")
    assert hidden.ids() == {"apple"}
    assert {one.name for one in path.parent.iterdir()} <= {"hidden", ".lock"}


def test_a_store_whose_directory_is_a_file_is_one_sentence(tmp_path: Path):
    (tmp_path / "models").touch()
    with pytest.raises(Item2VecError, match="cannot be written"):
        Hidden(tmp_path / "models").hide("apple")


# The rows


def test_the_rows_of_ids_are_those_that_the_model_knows():
    recommender = Recommender(make_artifact())
    assert recommender.hidden == frozenset()
    assert recommender.rows_of(["plum", "kiwi", "apple", "plum"]) == {0, 2}
