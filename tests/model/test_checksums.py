"""Checksums, of files larger than what is read at once too."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from service.model import checksums
from service.model.artifact import MANIFEST


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 100])
def test_the_checksum_is_that_of_the_whole_file(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checksums, "BLOCK", 8)
    content = bytes(range(size))
    (tmp_path / "file").write_bytes(content)
    assert checksums.of_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_the_checksum_of_the_manifest_is_one_for_sha256sum(tmp_path: Path):
    (tmp_path / MANIFEST).write_bytes(b"{}")
    (tmp_path / "manifest.sha256").write_bytes(checksums.of_manifest(b"{}"))
    subprocess.run(["sha256sum", "--check", "manifest.sha256"], cwd=tmp_path, check=True)
