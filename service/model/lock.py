"""The lock of a store, held while one of its small files is replaced."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from service.model.errors import JobRunningError

SILENT_SECONDS = 1.0  # of waiting for the lock before a warning

logger = logging.getLogger(__name__)


@contextmanager
def locked(directory: Path, seconds: float) -> Iterator[None]:
    """Locks a store for as long as renaming takes; hash and copy files before.

    Args:
        directory: of the store; created if it is not there.
        seconds: how long to wait for the lock after a warning.

    Raises:
        JobRunningError: another process does not release the lock.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / ".lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=SILENT_SECONDS)
    except Timeout:
        logger.warning("waiting up to %g s for %s, held by another process", seconds, path)
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            raise JobRunningError(
                f"another process holds {path} and nothing was changed: try again once it has "
                f"ended; `fuser {path}` names it"
            ) from None
    try:
        yield
    finally:
        lock.release()
