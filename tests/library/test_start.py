"""What the library imports, and what it says where a package is missing."""

import subprocess
import sys

import pytest

from tests.shell import ENVIRONMENT

# Runs a program where packages of `[train]` are not installed.
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""
TRAINING = {
    "jinja2", "llvmlite", "numba", "optuna", "pandas", "polars", "pydantic_settings", "rich",
    "scipy", "sqlalchemy", "tomli_w", "typer",
}  # fmt: skip


def python(program, *arguments, missing=()):
    return subprocess.run(
        [
            sys.executable,
            "-c",
            WITHOUT.format(missing=set(missing)) + program,
            *map(str, arguments),
        ],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_model_is_loaded_and_asked_without_what_training_needs(store, publish):
    publish()
    done = python(
        "import item2vec; model = item2vec.load(sys.argv[1])\n"
        "print(model.similar('apple', k=1).ids, model['apple'], model)\n"
        "print(sorted({'fastapi', 'trainer', 'uvicorn'} & set(sys.modules)))",
        store.directory,
        missing=TRAINING,
    )
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith("['pear'] [1. 0.] <item2vec.Model ")
    assert second == "[]"


@pytest.mark.parametrize(
    ("call", "missing", "remedy"),
    [
        ("item2vec.train([['a', 'b']])", "polars", "item2vec[train]"),
        ("item2vec.train([['a', 'b']])", "numba", "item2vec[train]"),
        ("model.evaluate()", "rich", "item2vec[train]"),
        ("item2vec.load(sys.argv[1] + '/history')", "polars", "item2vec[train]"),
        ("model.similar('apple').to_frame()", "polars", "polars"),
        ("model.similar('apple').to_frame('pandas')", "pandas", "pandas"),
    ],
)
def test_what_needs_a_package_that_is_missing_says_how_to_install_it(
    store, publish, call, missing, remedy
):
    publish()
    done = python(
        f"import item2vec; model = item2vec.load(sys.argv[1])\n"
        f"try: {call}\n"
        f"except (item2vec.Item2VecError, ImportError) as error: print(repr(error))",
        store.directory,
        missing={missing},
    )
    quoted = f"'{remedy}'" if "[" in remedy else remedy
    assert done.stderr == ""
    text = f"{missing} is not installed: pip install {quoted}"
    assert done.stdout == f"MissingPackageError({text!r})\n"
