"""All versions of a model in one directory, and which one is current.

    <directory>/versions/<version>/   artifacts; a name sorts by its time of creation
    <directory>/history               one promoted version per line; the last line is current
    <directory>/hidden                items that no answer names, see `service.model.hidden`
    <directory>/nights                the runs of the nightly job, see `service.model.nights`
    <directory>/.lock                 held while one of the three changes or a version is deleted
    <directory>/.job                  held by a retraining job for as long as it runs

The files of a version are never changed in place: a service has them mapped into its memory, and
dies if one is cut short. `history` is replaced by a rename, so a reader always finds a complete
one, and a process killed while it publishes leaves at worst a version that nothing points to.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from service.model import disk, reader, writer
from service.model.artifact import REPORT, Artifact, Manifest
from service.model.errors import (
    ArtifactError,
    InputError,
    JobRunningError,
    NoModelError,
    UnavailableError,
)
from service.model.lock import locked

LOCK_SECONDS = 30.0  # of waiting for the lock


class Promotion(NamedTuple):
    """An event: a version was made current.

    Attributes:
        version: the version.
        mark: differs between any two promotions, even of the same version.
    """

    version: str
    mark: tuple[int, int]


class Store:
    """Versions of the model in a directory.

    Args:
        directory: created when the first version is written; need not exist for reading.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._versions = directory / "versions"
        self._history = directory / "history"

    def versions(self) -> list[str]:
        """Every complete version, oldest first.

        Raises:
            UnavailableError: the directory cannot be read now.
        """
        with disk.failures(self._versions, "read"):
            try:
                return sorted(path.name for path in self._versions.iterdir() if path.name[0] != ".")
            except FileNotFoundError:
                return []

    def current(self) -> str:
        """The version to serve.

        Raises:
            NoModelError: nothing has been published.
        """
        return self.promotion().version

    def previous(self) -> str:
        """The version that was current before, to which `rollback` goes.

        Raises:
            InputError: there is none.
        """
        return self._earlier()[-1]

    def published(self) -> list[str]:
        """The versions that were made current, the newest promotion last.

        Raises:
            ArtifactError: the history is damaged.
            UnavailableError: it cannot be read now.
        """
        return self._promoted()

    def promotion(self) -> Promotion:
        """The version to serve, and which promotion made it so.

        Raises:
            NoModelError: nothing has been published.
            ArtifactError: the history is damaged.
            UnavailableError: it cannot be read now.
        """
        promoted, mark = self._read_history()
        if not promoted:
            raise NoModelError(
                f"no model is published in {self.directory}: run `item2vec retrain`, or point "
                "`models` to another directory"
            )
        return Promotion(promoted[-1], mark)

    def path(self, version: str) -> Path:
        """The directory of a version.

        Raises:
            InputError: there is no such version.
        """
        if version not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise InputError(f"there is no version {version!r} in {self.directory}; known: {known}")
        return self._versions / version

    def load(self, version: str | None = None) -> Artifact:
        """Reads a version, the current one by default, and verifies it."""
        return reader.load(self.path(version or self.current()))

    def manifest(self, version: str) -> Manifest:
        """The manifest of a version, without loading the rest."""
        return reader.read_manifest(self.path(version))

    def report(self, version: str) -> Path:
        """The page of the gate on a version.

        Raises:
            InputError: there is no such version, or it has no page.
        """
        page = self.path(version) / REPORT
        if not page.is_file():
            raise InputError(f"version {version} has no report: no gate has judged it")
        return page

    def add(self, build: Callable[[str], Artifact]) -> Manifest:
        """Writes a new version without making it current.

        Args:
            build: called with the name of the new version; returns the artifact to write.
        """
        version = new_version()
        artifact = build(version)
        self._versions.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()
        with self._writing(version):
            return writer.save(artifact, self._versions / version)

    def receive(self, version: str, write: Callable[[Path], None]) -> None:
        """Adds a version that was made elsewhere, without making it current.

        Args:
            version: its name.
            write: called with the directory for its files; if it fails, what it has written stays
                there for the next call, until a version is added or pruned.

        Raises:
            JobRunningError: another process is writing this version.
            UnavailableError: the disk is full or fails.
        """
        partial, directory = self._versions / f".partial-{version}", self._versions / version
        with disk.failures(directory, "written"):
            self._versions.mkdir(parents=True, exist_ok=True)
            try:
                with self._writing(version):
                    if directory.exists():
                        return
                    partial.mkdir(exist_ok=True)
                    write(partial)
                    writer.seal(partial, directory)
            except Timeout:
                raise JobRunningError(f"another process is writing {directory}") from None

    def promote(self, version: str) -> None:
        """Makes a version current, after loading it as the service will.

        Promoting the current version again makes a service that refused it try once more.
        """
        reader.load(self.path(version))
        with locked(self.directory, LOCK_SECONDS):
            self.path(version)  # still there?
            promoted = self._promoted()
            if promoted[-1:] != [version]:
                promoted.append(version)
            self._write_history(promoted)

    def rollback(self) -> str:
        """Makes the version promoted before the current one current again, and returns it.

        The version that was current leaves the history, so two rollbacks go two steps back.

        Raises:
            InputError: there is nothing to go back to.
        """
        while True:
            earlier = self._earlier()
            reader.load(self.path(earlier[-1]))
            with locked(self.directory, LOCK_SECONDS):
                # Another process may have published, rolled back or pruned since.
                if self._earlier() == earlier:
                    self.path(earlier[-1])
                    self._write_history(earlier)
                    return earlier[-1]

    def prune(self, keep: int, keep_refused: int = 0) -> list[str]:
        """Deletes all versions older than the newest `keep` published ones that are intact.

        The current version always stays. Damaged versions are not counted. Nothing is deleted if
        fewer than `keep` published versions are intact. Of versions that the gate refused and
        nobody published, the newest `keep_refused` stay, whatever their age.

        Returns:
            The versions deleted, oldest first.
        """
        old = self._superfluous(keep, keep_refused)
        if not self._versions.is_dir():
            return []
        with locked(self.directory, LOCK_SECONDS):
            promoted = self._promoted()
            versions = self.versions()
            deleted = [name for name in versions if name in old and name not in promoted[-1:]]
            kept = {*versions, *promoted[-1:]}.difference(deleted)
            remaining = [version for version in promoted if version in kept]
            if remaining != promoted:
                self._write_history(remaining)
            for version in deleted:
                (self._versions / version).rename(self._versions / f".deleted-{version}")
            for path in self.directory.glob(".partial-*"):
                path.unlink(missing_ok=True)
        self._remove_leftovers()
        return deleted

    @contextmanager
    def job(self) -> Iterator[None]:
        """Holds the lock of a retraining job; the kernel frees it if the process dies.

        Raises:
            JobRunningError: another job holds it.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.directory / ".job", timeout=0)
        try:
            with lock:
                yield
        except Timeout:
            raise JobRunningError(
                f"another retraining job is running on {self.directory}; this one stops"
            ) from None

    @contextmanager
    def _writing(self, version: str) -> Iterator[None]:
        """Marks a version as being written, so that it is not taken for a dead process's leftover.

        Raises:
            Timeout: another process writes it.
        """
        path = self._versions / f".writing-{version}"
        with FileLock(path, timeout=0):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def discard(self, version: str) -> None:
        """Deletes a version, whatever is left of it; a service goes on with what it has mapped."""
        with locked(self.directory, LOCK_SECONDS), suppress(FileNotFoundError):
            (self._versions / version).rename(self._versions / f".deleted-{version}")
        self._remove_leftovers()

    def _superfluous(self, keep: int, keep_refused: int) -> set[str]:
        """Refused versions beyond the newest, and others older than the newest published ones."""
        versions = self.versions()
        published = set(self._promoted())
        refused = [name for name in versions if name not in published and self._is_refused(name)]
        others = [name for name in versions if name not in refused]
        surplus = set(refused[: max(0, len(refused) - keep_refused)])
        candidates = [name for name in others if name in published]
        if keep and len(candidates) <= keep:
            return surplus
        newest = list(islice(filter(self._is_intact, reversed(candidates)), keep))
        if len(newest) < keep:
            return surplus
        return surplus | {name for name in others if not newest or name < newest[-1]}

    def _is_refused(self, version: str) -> bool:
        try:
            return self.manifest(version).refused
        except (ArtifactError, UnavailableError, InputError):
            return False

    def _is_intact(self, version: str) -> bool:
        try:
            reader.verify(self._versions / version)
        except (ArtifactError, UnavailableError):
            return False
        return True

    def _earlier(self) -> list[str]:
        """The history before the current version."""
        promoted = self._promoted()
        earlier = [version for version in promoted if version != promoted[-1]]
        if not earlier:
            raise InputError(f"there is no earlier version in {self.directory} to go back to")
        return earlier

    def _promoted(self) -> list[str]:
        return self._read_history()[0]

    def _read_history(self) -> tuple[list[str], tuple[int, int]]:
        """The promoted versions, and a mark that differs whenever the file was written."""
        with disk.failures(self._history, "read"):
            try:
                with self._history.open("rb") as file:
                    status = os.fstat(file.fileno())
                    content = file.read()
            except FileNotFoundError:
                return [], (0, 0)
        try:
            return content.decode().split(), (status.st_ino, status.st_mtime_ns)
        except UnicodeDecodeError:
            raise ArtifactError(
                f"{self._history} is damaged: write one version per line into it, the current last"
            ) from None

    def _write_history(self, promoted: list[str]) -> None:
        content = "".join(f"{version}\n" for version in promoted)
        with disk.failures(self._history, "written"), disk.replacing(self._history) as file:
            file.write(content.encode())

    def _remove_leftovers(self) -> None:
        """Deletes what a killed process left half-written or half-deleted."""
        for path in self._versions.glob(".deleted-*"):
            _delete(path)
        for path in [*self._versions.glob(".partial-*"), *self._versions.glob(".writing-*")]:
            version = path.name.partition("-")[2]
            with suppress(Timeout), self._writing(version):
                _delete(self._versions / f".partial-{version}")


def new_version() -> str:
    """A name for a version that is made now."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"


def _delete(directory: Path) -> None:
    """Deletes a directory, even while another process deletes it."""
    while directory.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)
