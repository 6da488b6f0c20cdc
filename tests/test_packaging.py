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

ROOT = Path(__file__).parent.parent
OWN = {"service", "trainer"}


def imports(package: str) -> set[str]:
    """The packages of others that ours imports, wherever in a file."""
    names = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    return {name.partition(".")[0] for name in names} - OWN - sys.stdlib_module_names


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
    ("package", "extras"), [("service", ("s3",)), ("trainer", ("train", "postgres"))]
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


def test_the_wheel_holds_the_templates_of_the_page(tmp_path):
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    templates = ROOT / "trainer" / "view" / "page" / "templates"
    files = {file.relative_to(ROOT).as_posix() for file in templates.rglob("*") if file.is_file()}
    assert "trainer/view/page/templates/page.html" in files
    assert files <= set(ZipFile(wheel).namelist())
