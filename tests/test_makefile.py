"""What `make` shows of an installation."""

import subprocess
from pathlib import Path

import pytest

from tests.shell import ROOT

INDEX = "WARNING: Location 'file:///gone/simple/numpy/' is ignored: it is neither a file nor a"
RETRY = "WARNING: Retrying (Retry(total=4)) after connection broken"
ERROR = "ERROR: No matching distribution found for numpy==2.4.6"


def install(folder: Path, code: int) -> subprocess.CompletedProcess[str]:
    """Runs `make` over a pip that says these lines and ends with the code."""
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "{INDEX}" "{RETRY}" "{ERROR}" >&2\nexit {code}\n')
    python.chmod(0o755)
    stamp = folder / "venv" / ".train"
    return subprocess.run(
        ["make", f"VENV={stamp.parent}", str(stamp)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installation_says_how_long_it_takes_and_hides_warnings_of_indexes(tmp_path: Path):
    result = install(tmp_path, 0)
    assert result.returncode == 0, result.stderr
    assert "about a minute" in result.stdout
    assert "Location" not in result.stderr
    assert RETRY in result.stderr
    assert (tmp_path / "venv" / ".train").exists()


@pytest.mark.parametrize("code", [1, 130])
def test_an_installation_that_fails_says_why(tmp_path: Path, code: int):
    result = install(tmp_path, code)
    assert result.returncode == 2
    assert ERROR in result.stderr
    assert f"Error {code}" in result.stderr
    assert not (tmp_path / "venv" / ".train").exists()
