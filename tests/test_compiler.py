import subprocess
import sys
from pathlib import Path

import pytest

from service.model.store import Store

# Only the folder of NUMBA_CACHE_DIR counts, and none can be made there: as for a user who may write
# neither beside the program nor at home.
UNWRITABLE = {
    "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    "NUMBA_CACHE_DIR": "/dev/null/cache",
}


@pytest.fixture
def unwritable(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    for name, value in UNWRITABLE.items():
        monkeypatch.setenv(name, value)


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def folders() -> list[Path]:
    return list(Path().glob("item2vec-numba-*"))


@pytest.mark.usefixtures("unwritable")
def test_where_no_cache_can_be_written_kernels_get_a_folder_for_the_run():
    program = """
import os
from trainer.compiler import use_writable_cache
folder = use_writable_cache()
from trainer.word2vec import kernels
from trainer.continuations import kernels as table_kernels
assert kernels._random.stats.cache_path.startswith(folder), kernels._random.stats
assert os.path.isdir(folder)
"""
    done = python("-c", program)
    assert done.returncode == 0, done.stderr
    assert folders() == []


@pytest.mark.usefixtures("unwritable")
def test_a_command_that_loads_kernels_notes_that_they_are_not_kept():
    Path("v.txt").write_text("2 2\na 1.0 2.0\nb 2.0 1.0\n")
    done = python("-m", "trainer", "import", "v.txt")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("note: nothing can be written beside the program")
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(Store(Path("models")).versions()) == 1
    assert folders() == []


def test_where_a_cache_can_be_written_it_stays_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    program = "from trainer.compiler import use_writable_cache; print(use_writable_cache())"
    assert python("-c", program).stdout == "None\n"
