"""All versions of the model in one directory, one of them current.

    <directory>/versions/<version>/   artifacts; a name sorts by its time of creation
    <directory>/history               one promoted version a line; the last line is current
    <directory>/.lock                 held while any of this changes
    <directory>/.job                  held by a retraining job for as long as it runs

`history` is replaced by a rename, so at every moment a reader finds a complete one, and a process
killed while it publishes leaves at worst a version that nobody points to.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from service import artifact as artifacts
from service.artifact import Artifact, Manifest
from service.errors import ArtifactError, InputError, JobRunningError, NoModelError


class Store:
    """Versions of the model in a directory.

    Args:
        directory: made by the first publication; need not exist for reading.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._versions = directory / "versions"
        self._history = directory / "history"

    def versions(self) -> list[str]:
        """Every complete version, oldest first."""
        if not self._versions.is_dir():
            return []
        return sorted(path.name for path in self._versions.iterdir() if path.name[0] != ".")

    def current(self) -> str:
        """The version to serve.

        Raises:
            NoModelError: nothing has been published.
        """
        promoted = self._promoted()
        if not promoted:
            raise NoModelError(
                f"no model is published in {self.directory}: run `item2vec retrain`, or point "
                "`models` to another directory"
            )
        return promoted[-1]

    def path(self, version: str) -> Path:
        """Where a version lies.

        Raises:
            InputError: there is no such version.
        """
        if version not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise InputError(f"there is no version {version!r} in {self.directory}; known: {known}")
        return self._versions / version

    def load(self, version: str | None = None) -> Artifact:
        """Reads a version, the current one by default, and verifies it."""
        return artifacts.load(self.path(version or self.current()))

    def manifest(self, version: str) -> Manifest:
        """What a version says of itself."""
        return artifacts.read_manifest(self.path(version))

    def add(self, build: Callable[[str], Artifact]) -> Manifest:
        """Writes a new version without making it current.

        Args:
            build: gets the name of the new version and returns the artifact to write.
        """
        version = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        artifact = build(version)
        with self._lock():
            self._remove_leftovers()
            return artifacts.save(artifact, self._versions / version)

    def promote(self, version: str) -> None:
        """Makes a version current, after verifying it."""
        with self._lock():
            artifacts.verify(self.path(version))
            promoted = self._promoted()
            if promoted[-1:] != [version]:
                self._write_history([*promoted, version])

    def rollback(self) -> str:
        """Makes the version promoted before the current one current again, and returns it.

        The version left behind is forgotten as a place to return to, so two rollbacks go two
        steps back.

        Raises:
            InputError: there is nothing to go back to.
        """
        with self._lock():
            promoted = self._promoted()
            earlier = [version for version in promoted if version != promoted[-1]]
            if not earlier:
                raise InputError(f"there is no earlier version in {self.directory} to go back to")
            artifacts.verify(self.path(earlier[-1]))
            self._write_history(earlier)
            return earlier[-1]

    def prune(self, keep: int) -> list[str]:
        """Deletes what is older than the newest `keep` intact versions.

        The current version always stays; a damaged one is not counted.

        Returns:
            The versions deleted, oldest first.
        """
        with self._lock():
            versions = self.versions()
            promoted = self._promoted()
            intact = (version for version in reversed(versions) if self._is_intact(version))
            newest = list(islice(intact, keep))
            kept = {version for version in versions if newest and version >= newest[-1]}
            kept.update(promoted[-1:])
            deleted = [version for version in versions if version not in kept]
            self._write_history([version for version in promoted if version in kept])
            for version in deleted:
                self._remove(self._versions / version)
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
    def _lock(self) -> Iterator[None]:
        self._versions.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory / ".lock"):
            yield

    def _is_intact(self, version: str) -> bool:
        try:
            artifacts.verify(self._versions / version)
        except ArtifactError:
            return False
        return True

    def _promoted(self) -> list[str]:
        try:
            return self._history.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            raise ArtifactError(
                f"{self._history} is damaged: write one version a line into it, the current last"
            ) from None

    def _write_history(self, promoted: list[str]) -> None:
        partial = self.directory / ".partial-history"
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(f"{version}\n" for version in promoted)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._history)

    def _remove_leftovers(self) -> None:
        """What a killed process left half-written or half-deleted."""
        for kind in (".partial-*", ".deleted-*"):
            for path in self._versions.glob(kind):
                shutil.rmtree(path)

    def _remove(self, directory: Path) -> None:
        """Deletes a version so that a half-deleted one is never seen."""
        doomed = directory.with_name(f".deleted-{directory.name}")
        directory.rename(doomed)
        shutil.rmtree(doomed)
