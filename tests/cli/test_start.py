"""How the program begins: what it imports, and how it is stopped meanwhile."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from service import __version__

ROOT = Path(__file__).parents[2]

TRAINING = {
    "numba",
    "scipy",
    "optuna",
    "polars",
    "trainer.word2vec.kernels",
    "trainer.continuations.kernels",
}

# Runs commands in the place of the program, and prints what was imported by the end of each.
IMPORTED = """
import json, sys
from trainer.__main__ import main
for command in sys.argv[1:]:
    sys.argv = ["item2vec", *command.split()]
    try:
        main()
    except SystemExit as ended:
        print(json.dumps([command, ended.code or 0, sorted(sys.modules)]), file=sys.stderr)
"""
# Runs the program; something happens when it comes to import the command line's library.
AT_IMPORT = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "typer":
            {what}

sys.meta_path.insert(0, Finder())
from trainer.__main__ import main
main()
"""


def python(program, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# What takes long to import, and no query needs.
SLOW = TRAINING | {"fastapi", "pydantic_settings", "service.web", "trainer.config.jobs"}
QUERIES = [
    "--version", "--help", "similar apple", "similar apple --json", "recommend apple pear",
    "analogy apple",
    "explain apple pear", "items a", "item apple", "models list", "models show", "hidden",
]  # fmt: skip
NOT_TRAINING = [
    *QUERIES, "models rollback", "models prune", "models nights", "config show", "export v.txt",
    "export v.npy", "retrain --help",
]  # fmt: skip


@pytest.fixture
def imported(publish, tmp_path, monkeypatch):
    """What each of some commands had imported by its end."""
    publish()
    publish()
    monkeypatch.chdir(tmp_path)

    def imported(commands):
        done = python(IMPORTED, *commands)
        lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
        assert [(command, code) for command, code, _ in lines] == [
            (command, 0) for command in commands
        ]
        return {command: set(modules) for command, _, modules in lines}

    return imported


def test_what_trains_nothing_imports_nothing_that_trains(imported):
    modules = imported(NOT_TRAINING)
    assert [command for command in modules if TRAINING & modules[command]] == []


def test_a_query_imports_nothing_that_it_does_not_need(imported):
    for command, modules in imported(QUERIES).items():
        assert SLOW & modules == set(), command


def test_an_answer_for_a_machine_needs_no_table(imported):
    for command, modules in imported(["--version", "similar apple --json"]).items():
        assert not {"rich", "trainer.view.tables"} & modules, command


def test_help_and_version_need_no_model(imported):
    for command, modules in imported(["--version", "--help", "models", "models --help"]).items():
        assert not {"numpy", "faiss", "pydantic"} & modules, command


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_it_imports_ends_the_program_without_a_word(name):
    number = getattr(signal, name)
    default = "signal.signal(signal.SIGINT, signal.default_int_handler); "
    done = python(AT_IMPORT.format(what=f"{default}signal.raise_signal({int(number)})"))
    assert done.returncode == 128 + number
    assert done.stderr == ""


def test_without_the_packages_of_training_it_says_how_to_install_them():
    done = python(AT_IMPORT.format(what="raise ModuleNotFoundError(name=name)"))
    assert done.returncode == 1
    assert done.stderr == "error: typer is not installed: pip install 'item2vec[train]'\n"


def test_the_installed_program_begins_like_the_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"item2vec": "trainer.__main__:main"}


def test_it_tells_its_version(run):
    for words in (["--version"], ["--version", "similar"]):
        assert run(*words).out == f"item2vec {__version__}\n"


def test_alone_it_explains_itself(run):
    result = run()
    assert result.code == 0
    assert result.words.startswith("Usage: item2vec")
    assert "retrain Read, train, judge, publish: the nightly job." in result.words
    assert run("models").words.startswith("Usage: item2vec models")
    assert run("config").code == 0
