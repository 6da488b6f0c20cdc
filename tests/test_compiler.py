import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.model.store import Store
from trainer import compiler


@pytest.fixture
def unwritable(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/dev/null/cache")


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def folders() -> list[Path]:
    return list(Path().glob("item2vec-numba-*"))


@pytest.mark.usefixtures("unwritable")
def test_where_no_cache_can_be_written_kernels_get_a_folder_for_the_run():
    program = """
import os
from trainer.compiler import CACHE_IS_KEPT
from trainer.word2vec.kernels.randomness import below
assert not CACHE_IS_KEPT
assert os.path.isdir(below.stats.cache_path), below.stats
assert "/item2vec-numba-" in below.stats.cache_path, below.stats
"""
    done = python("-c", program)
    assert done.returncode == 0, done.stderr
    assert folders() == []


@pytest.mark.usefixtures("unwritable")
def test_a_command_that_loads_kernels_notes_that_they_are_not_kept():
    Path("v.txt").write_text("2 2\na 1.0 2.0\nb 2.0 1.0\n")
    done = python("-m", "trainer", "import", "v.txt")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: kernels are compiled for this run alone")
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(Store(Path("models")).versions()) == 1
    assert folders() == []


def test_a_folder_that_can_be_written_to_keeps_the_machine_code(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    program = """
from trainer.compiler import CACHE_IS_KEPT, sources_digest
from trainer.word2vec.kernels.randomness import below
below(1, 2)
assert CACHE_IS_KEPT
print(sources_digest())
"""
    done = python("-c", program)
    (folder,) = tmp_path.iterdir()
    assert folder.name == f"numba-{done.stdout.strip()}", done.stderr
    assert list(folder.rglob("*.nbi"))


def test_another_source_is_another_folder(monkeypatch, tmp_path):
    before = compiler.sources_digest()
    package = tmp_path / "trainer"
    shutil.copytree(Path(compiler.__file__).parent, package)
    monkeypatch.setattr(compiler, "__file__", str(package / "compiler.py"))
    assert compiler.sources_digest() == before
    simd = package / "word2vec/kernels/simd.py"
    simd.write_text(simd.read_text() + "# Another line.\n")
    assert compiler.sources_digest() != before


TRAINER = Path(compiler.__file__).parent


def kernel_files() -> list[Path]:
    """The modules of the trainer that hold compiled functions."""
    decorated = [path for path in TRAINER.rglob("*.py") if "jit\ndef " in path.read_text()]
    return [path.relative_to(TRAINER) for path in decorated]


def test_every_kernel_lies_in_a_folder_that_counts():
    folders = {path.parts[0] for path in kernel_files()}
    assert {"word2vec", "continuations"} <= folders <= set(compiler.COMPILED)


def test_every_folder_of_kernels_is_tested_uncompiled_and_with_its_indexes_checked():
    makefile = (TRAINER.parent / "Makefile").read_text()
    (tested,) = re.findall(r"^KERNELS := (.*)", makefile, re.MULTILINE)
    assert set(tested.split()) == {f"tests/{folder}" for folder in compiler.COMPILED}


@pytest.mark.parametrize("path", kernel_files(), ids=str)
def test_every_file_of_kernels_has_tests_that_import_it(path):
    module = ".".join(("trainer", *path.with_suffix("").parts))
    tests = (TRAINER.parent / "tests" / path.parts[0]).rglob("*.py")
    assert [test for test in tests if re.search(rf"{module}\b", test.read_text())]
