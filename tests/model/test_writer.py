import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.model import writer
from service.model.artifact import FILES, ITEM_IDS, MANIFEST, MANIFEST_CHECKSUM, NEXT_FILES
from service.model.errors import UnavailableError
from service.model.reader import load
from service.model.writer import save
from tests.conftest import make_artifact, make_artifact_with_next

ROOT = Path(__file__).parents[2]


def test_a_checksum_is_written_for_every_file(tmp_path: Path):
    sha256 = save(make_artifact_with_next(), tmp_path / "v1").sha256
    assert sorted(sha256) == sorted([*FILES, *NEXT_FILES])
    content = (tmp_path / "v1" / ITEM_IDS).read_bytes()
    assert sha256[ITEM_IDS] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_save_that_fails_leaves_nothing(
    tmp_path: Path, failure: BaseException, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(writer.faiss, "write_index", fail)
        with pytest.raises((UnavailableError, KeyboardInterrupt)):
            save(make_artifact(), tmp_path / "v1")
    assert list(tmp_path.iterdir()) == []

    save(make_artifact(), tmp_path / "v1")
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


SAVE_WITH_SMALL_FILES = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from service.model import writer
from service.model.errors import UnavailableError
from tests.conftest import make_artifact, quantized_index

artifact = make_artifact("v1", {str(row): [row + 1.0] * 16 for row in range(500)})
artifact = replace(artifact, cosine_index=quantized_index(artifact.input_vectors))
for room in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        writer.save(artifact, Path(sys.argv[1]))
    except UnavailableError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ")
def test_a_disk_without_room_is_named_and_nothing_is_left_on_it(tmp_path: Path):
    too_small_for = {"items": 5_000, "the last byte of the vectors": 32_127, "the index": 35_000}
    limits = map(str, too_small_for.values())
    command = [sys.executable, "-c", SAVE_WITH_SMALL_FILES, str(tmp_path / "v1"), *limits]
    result = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert result.stdout == 3 * f"{tmp_path / 'v1'} cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_files_are_read_only_and_keep_their_other_permissions(tmp_path: Path):
    before = os.umask(0o027)
    try:
        save(make_artifact_with_next(), tmp_path / "v1")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "v1").iterdir()} == {0o440}
    assert (tmp_path / "v1").stat().st_mode & 0o777 == 0o750


def test_everything_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, disk_log: list[tuple[str, str]]
):
    save(make_artifact_with_next(), tmp_path / "v1")
    partial = tmp_path / ".partial-v1"
    *content, directory, renamed, parent = disk_log
    written = [*FILES, *NEXT_FILES, MANIFEST, MANIFEST_CHECKSUM]
    assert sorted(content) == sorted(("synced", str(partial / name)) for name in written)
    assert directory == ("synced", str(partial))
    assert renamed == ("renamed", f"{partial} -> {tmp_path / 'v1'}")
    assert parent == ("synced", str(tmp_path))


def test_a_saved_artifact_is_never_overwritten(tmp_path: Path):
    save(make_artifact("v1"), tmp_path / "v1")
    with pytest.raises(UnavailableError, match="v1 cannot be written: Directory not empty"):
        save(make_artifact("v2"), tmp_path / "v1")
    assert load(tmp_path / "v1").manifest.model_version == "v1"
