import errno
import os
from pathlib import Path

import pytest

from service.model.disk import replacing, unwritable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("earlier")
    return path


def test_a_file_is_on_the_disk_before_and_after_it_takes_the_place_of_another(path, disk_log):
    with replacing(path) as file:
        file.write(b"later")
        assert path.read_text() == "earlier"
        assert disk_log == []
    partial = path.with_name(".partial-file")
    assert path.read_text() == "later"
    assert disk_log == [
        ("synced", str(partial)),
        ("renamed", f"{partial} -> {path}"),
        ("synced", str(path.parent)),
    ]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_whatever_fails_leaves_the_earlier_file_alone(path, error):
    def write_and_fail(file):
        file.write(b"later")
        raise error

    with pytest.raises(error), replacing(path) as file:
        write_and_fail(file)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "earlier"


def test_a_file_that_does_not_fit_is_named_and_stays_as_it_was(path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as raised, replacing(path) as file:
        file.write(b"later")
    assert raised.value.filename == str(path)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "earlier"


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    path = tmp_path / "gone" / "file"
    with pytest.raises(FileNotFoundError) as raised, replacing(path):
        pytest.fail("there is no place for it")
    assert raised.value.filename == str(path)


def test_a_failure_of_another_file_keeps_its_name(path):
    with pytest.raises(FileNotFoundError, match="gone"), replacing(path) as file:
        file.write(Path("gone").read_bytes())
    assert path.read_text() == "earlier"


def test_what_stands_against_a_file_is_known_before_it_is_written(path):
    os.mkfifo(path.with_name("pipe"))
    assert unwritable(path) is None
    assert unwritable(path.with_name("new")) is None
    assert unwritable(path.parent) == "is a directory; name a file"
    assert unwritable(path / "inside") == (
        f"there is no directory {path}; make it first, or name a file elsewhere"
    )
    assert unwritable(path.with_name("pipe")) == (
        "is a device or a pipe, which cannot be replaced; name a file"
    )
