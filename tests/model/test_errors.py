"""The tree of errors at the top of `service.model.errors`, against the errors there are."""

import importlib
import pkgutil
import re

import item2vec
import service
import trainer
from service.model import errors

LINE = re.compile(r"^ {4}([ │├└─]*)(\w+Error) +\S")


def drawn() -> dict[str, str | None]:
    """Each error of the docstring and the one it hangs on."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for match in filter(None, map(LINE.match, (errors.__doc__ or "").splitlines())):
        depth = len(match[1]) // 4
        del path[depth:]
        parents[match[2]] = path[-1] if path else None
        path.append(match[2])
    return parents


def defined() -> dict[str, str | None]:
    """Each error of the three packages and its base class."""
    for package in (item2vec, service, trainer):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    parents: dict[str, str | None] = {"Item2VecError": None}
    classes = [errors.Item2VecError]
    for parent in classes:
        for child in parent.__subclasses__():
            parents[child.__name__] = parent.__name__
            classes.append(child)
    return parents


def test_the_tree_shows_every_error_where_it_hangs():
    assert drawn() == defined()
