"""What a store asks of a disk: files that survive a power cut, and failures in one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.model.errors import UnavailableError


@contextmanager
def failures(path: Path, doing: str) -> Iterator[None]:
    """Failures of the disk or of memory become an error that names the path.

    Args:
        path: what is worked on.
        doing: what cannot be done to it: "read", "written".

    Raises:
        UnavailableError: with the failure as its cause.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UnavailableError(f"{path} cannot be {doing}: {reason}") from error
    except MemoryError as error:
        raise UnavailableError(f"{path} cannot be {doing}: not enough memory") from error


def sync(path: Path) -> None:
    """Returns once a file, or the names in a directory, are on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: str) -> None:
    """Gives a file other content in one step: a reader finds the old one or the new one.

    Raises:
        UnavailableError: the disk is full or fails; the file is as it was.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        with failures(path, "written"):
            partial.write_text(content, encoding="utf-8")
            sync(partial)
            partial.replace(path)
            sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)
