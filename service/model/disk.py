"""Durable file writes, and disk errors reported as one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path
from typing import NamedTuple

from service.model.errors import UnavailableError


class Mark(NamedTuple):
    """Differs between any two states of a file."""

    time: int
    size: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Mark":
        """The mark of a file."""
        return cls(status.st_mtime_ns, status.st_size, status.st_ino)


NEVER = Mark(0, 0, 0)  # of a file that was never written


@contextmanager
def failures(path: Path, doing: str) -> Iterator[None]:
    """Turns a failure of the disk or of memory into an error that names the path.

    Args:
        path: the file or directory in use.
        doing: what is being done with it: "read" or "written".

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
    """Waits until a file, or the names in a directory, are on the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[BufferedWriter]:
    """Replaces the content of a file in one step: a reader finds the old one or the new one.

    Yields:
        A binary file next to it, which takes its place once it is written and on the disk. After
        an error the old file is unchanged, and the other one is removed.

    Raises:
        OSError: the disk is full or fails; it names the file to be replaced.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        with partial.open("wb") as file:
            yield file
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    except OSError as error:
        if error.filename not in (None, partial, str(partial)):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def unwritable(path: Path) -> str | None:
    """Why a file cannot be written, and the remedy; None if nothing speaks against it."""
    if path.is_dir():
        return "is a directory; name a file"
    if path.exists() and not path.is_file():
        return "is a device or a pipe, which cannot be replaced; name a file"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}; make it first, or name a file elsewhere"
    return None
