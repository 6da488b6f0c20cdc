"""What an installation holds and needs."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

import item2vec
import service

ROOT = Path(__file__).parent.parent
OWN = {"item2vec", "service", "trainer"}
# Imported only where the caller runs or asks for them: a notebook, a frame of pandas.
OF_THE_CALLER = {"IPython", "pandas"}


def imports(package: str) -> set[str]:
    """The packages of others that ours imports, wherever in a file."""
    names = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    top = {name.partition(".")[0] for name in names}
    return top - OWN - OF_THE_CALLER - sys.stdlib_module_names


def declared(*extras: str) -> set[str]:
    """The distributions that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    return {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.mark.parametrize(
    ("package", "extras"),
    [("item2vec", ("train",)), ("service", ("s3",)), ("trainer", ("train", "postgres"))],
)
def test_everything_imported_is_declared(package, extras):
    distributions = packages_distributions()
    imported = imports(package)
    assert "numpy" in imported
    undeclared = {
        name
        for name in imported
        if not {normal(each) for each in distributions.get(name, ())} & declared(*extras)
    }
    assert undeclared == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    directory = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=["standard"])
    with ZipFile(path) as file:
        yield file


def test_the_wheel_holds_the_templates_of_the_page(wheel):
    templates = ROOT / "trainer" / "view" / "page" / "templates"
    files = {file.relative_to(ROOT).as_posix() for file in templates.rglob("*") if file.is_file()}
    assert "trainer/view/page/templates/page.html" in files
    assert files <= set(wheel.namelist())


def test_the_wheel_holds_every_module_and_says_that_they_have_types(wheel):
    names = set(wheel.namelist())
    modules = {
        file.relative_to(ROOT).as_posix() for one in OWN for file in (ROOT / one).rglob("*.py")
    }
    assert modules <= names
    assert {f"{one}/py.typed" for one in OWN} <= names
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == OWN


def test_the_version_is_one_everywhere(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    assert f"\nVersion: {item2vec.__version__}\n" in wheel.read(metadata).decode()
    assert item2vec.__version__ == service.__version__
