"""The items that no answer names, whichever model is served.

    <store>/hidden    one item id a line, as a JSON string, in any order

The list is replaced by a rename, under the lock of the store: a reader finds a complete one, and
no two processes that hide items at once lose one.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from service.model import disk
from service.model.disk import NEVER, Mark
from service.model.errors import ArtifactError
from service.model.lock import locked
from service.model.strings import Strings

Ids = frozenset[str]
LOCK_SECONDS = 5.0  # of waiting for the lock: less than a request may take


class Hidden:
    """The hidden items of a store.

    A file that is damaged or gone shows nothing again: what was read last remains, and every call
    raises an error until it is repaired. An empty file shows everything.

    Args:
        directory: of the store; created when the first item is hidden.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "hidden"
        self._read_last = NEVER, Ids()

    def ids(self) -> Ids:
        """The hidden ids; the file is read again only if it has changed.

        Raises:
            ArtifactError: the file is damaged.
            UnavailableError: it cannot be read now, or is gone.
        """
        if self._mark() != self._read_last[0]:
            self._read_last = self._read()
        return self._read_last[1]

    def hide(self, *item_ids: str) -> None:
        """Hides items, whether or not any model knows them.

        Raises:
            InputError: an id is not text that UTF-8 can hold.
            ArtifactError: the file is damaged.
            UnavailableError: it cannot be read or written now.
            JobRunningError: another process does not release the lock.
        """
        Strings.of(item_ids, "the item id")
        self._change(lambda ids: ids.union(item_ids))

    def show(self, *item_ids: str) -> None:
        """Shows items again, if they are hidden; raises what `hide` does."""
        self._change(lambda ids: ids.difference(item_ids))

    def replace(self, ids: Ids) -> None:
        """Hides these items and no others; raises what `hide` does."""
        self._change(lambda _: ids)

    def _change(self, change: Callable[[Ids], Ids]) -> None:
        with disk.failures(self._path, "written"), locked(self._directory, LOCK_SECONDS):
            mark, before = self._read()
            after = change(before)
            if after != before:
                self._write(after, mark.time)

    def _write(self, ids: Ids, last_time: int) -> None:
        # The clock of files stands still for milliseconds, and inodes are used again.
        now = max(time.time_ns(), last_time + 1)
        with disk.replacing(self._path) as file:
            file.write(as_lines(ids))
            file.flush()
            os.utime(file.fileno(), ns=(now, now))

    def _mark(self) -> Mark:
        with disk.failures(self._path, "read"):
            try:
                return Mark.of(self._path.stat())
            except FileNotFoundError:
                return NEVER

    def _read(self) -> tuple[Mark, Ids]:
        with disk.failures(self._path, "read"):
            try:
                with self._path.open("rb") as file:
                    mark, content = Mark.of(os.fstat(file.fileno())), file.read()
            except FileNotFoundError:
                if self._read_last[0] != NEVER:
                    raise
                return NEVER, Ids()
        return mark, parse(content, self._path)


def as_lines(ids: Ids) -> bytes:
    """The content of a list of hidden items, in the order of their ids."""
    return b"".join(orjson.dumps(item_id) + b"\n" for item_id in sorted(ids))


def parse(content: bytes, place: object) -> Ids:
    """The ids in the content of a list of hidden items.

    Args:
        content: all of it.
        place: of the list, for the error.

    Raises:
        ArtifactError: it is damaged.
    """
    return Ids(_id(line, number, place) for number, line in enumerate(content.splitlines(), 1))


def _id(line: bytes, number: int, place: object) -> str:
    try:
        item_id = orjson.loads(line)
    except orjson.JSONDecodeError:
        item_id = None
    if not isinstance(item_id, str):
        raise ArtifactError(
            f'{place} is damaged in line {number}: write one item id a line, as "X1"'
        )
    return item_id
