"""Packages that answers can do without."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.model.errors import Item2VecError

OWN = ("item2vec", "service", "trainer")


class MissingPackageError(Item2VecError, ImportError):
    """A package is not installed that this call needs."""


@contextmanager
def training_packages() -> Iterator[None]:
    """Imports what `pip install 'item2vec[train]'` brings.

    Raises:
        MissingPackageError: one of these packages is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OWN:
            raise
        raise MissingPackageError(
            f"{package} is not installed: pip install 'item2vec[train]'"
        ) from None
