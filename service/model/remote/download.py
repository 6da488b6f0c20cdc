"""Copies a version from a bucket into a store."""

from collections.abc import Callable
from pathlib import Path

from service.model import checksums, reader
from service.model.artifact import MANIFEST, MANIFEST_CHECKSUM, Manifest
from service.model.errors import ArtifactError, NoModelError, UnavailableError
from service.model.remote.bucket import Bucket
from service.model.store import Store

DESCRIPTION = (MANIFEST, MANIFEST_CHECKSUM)

OnBytes = Callable[[int, int], None]  # bytes copied so far, and in all


def pull(
    store: Store, bucket: Bucket, version: str, on_bytes: OnBytes, *, verify: bool = False
) -> bool:
    """Brings a version of the bucket into the store and makes it current there.

    A copy in the store that turns out damaged is fetched anew.

    Args:
        store: where it goes.
        bucket: where it comes from.
        version: its name.
        on_bytes: called with the bytes copied so far, and in all.
        verify: whether to read a copy of the current version, too, to see whether it is damaged.

    Returns:
        Whether anything had to be done.

    Raises:
        ArtifactError: the version is damaged, and none of it is served.
        JobRunningError: another process is fetching it.
        UnavailableError: the bucket or the disk fails; what was copied serves the next attempt.
    """
    if version in store.versions():
        is_current = _is_current(store, version)
        if is_current and not verify:
            return False
        if _is_intact(store, version):
            if not is_current:
                store.promote(version)
            return not is_current
        store.discard(version)
    store.receive(version, lambda to: _Download(bucket, version, to, on_bytes).files())
    store.promote(version)
    return True


def _is_intact(store: Store, version: str) -> bool:
    try:
        reader.verify(store.path(version))
    except ArtifactError:
        return False
    return True


def _is_current(store: Store, version: str) -> bool:
    try:
        return store.current() == version
    except NoModelError:
        return False


class _Download:
    """Copies the files of a version out of a bucket."""

    def __init__(self, bucket: Bucket, version: str, to: Path, on_bytes: OnBytes) -> None:
        self._bucket = bucket
        self._version = version
        self._to = to
        self._on_bytes = on_bytes
        self._done = self._total = 0

    def files(self) -> None:
        """Copies what is not there yet, the manifest first, which says what there is to copy."""
        sizes = self._bucket.sizes(self._folder)
        for name in DESCRIPTION:
            (self._to / name).unlink(missing_ok=True)
            self._fetch(name, self._size(sizes, name))
        manifest = self._manifest()
        self._total = sum(self._size(sizes, name) for name in (*DESCRIPTION, *manifest.files))
        for name in manifest.files:
            self._file(name, sizes[name], manifest.sha256.get(name, ""))

    @property
    def _folder(self) -> str:
        return f"versions/{self._version}"

    def _size(self, sizes: dict[str, int], name: str) -> int:
        try:
            return sizes[name]
        except KeyError:
            place = self._bucket.place(f"{self._folder}/{name}")
            raise UnavailableError(
                f"{place} is missing: push version {self._version} again"
            ) from None

    def _manifest(self) -> Manifest:
        try:
            return reader.read_manifest(self._to, self._version)
        except ArtifactError as error:
            place = self._bucket.place(self._folder)
            raise ArtifactError(str(error).replace(str(self._to), place)) from None

    def _file(self, name: str, size: int, sha256: str) -> None:
        """A file that was begun before and turns out wrong is fetched once more, as a whole."""
        path = self._to / name
        begun = path.exists()
        self._fetch(name, size)
        if checksums.of_file(path) == sha256:
            return
        path.unlink()
        if begun:
            self._done -= size
            self._file(name, size, sha256)
            return
        place = self._bucket.place(f"{self._folder}/{name}")
        raise ArtifactError(
            f"{place} is damaged: its checksum is not the one in {MANIFEST}; push version "
            f"{self._version} again"
        )

    def _fetch(self, name: str, size: int) -> None:
        """Completes a file; what is there of it stays."""
        path = self._to / name
        with path.open("ab") as file:
            start = file.tell()
            if start > size:
                file.truncate(start := 0)
            if start:
                self._count(start)
            while start < size:
                piece = self._bucket.piece(f"{self._folder}/{name}", start)
                file.write(piece)
                start += len(piece)
                self._count(len(piece))

    def _count(self, size: int) -> None:
        self._done += size
        if self._total:
            self._on_bytes(self._done, self._total)
