"""Copies a version from a store into a bucket."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from service.model import checksums, disk, reader
from service.model.artifact import MANIFEST, MANIFEST_CHECKSUM, Manifest
from service.model.errors import ArtifactError
from service.model.remote import history
from service.model.remote.bucket import PIECE, Bucket
from service.model.remote.hidden_list import seed_hidden
from service.model.store import Store

DESCRIPTION = (MANIFEST_CHECKSUM, MANIFEST)  # in the order of writing

OnBytes = Callable[[int, int], None]  # bytes copied so far, and in all


def push(store: Store, bucket: Bucket, version: str, on_bytes: OnBytes) -> None:
    """Copies a version and makes it current in the bucket; files that are there stay.

    Pushing the current version again mends it, and makes services that refused it try once more.

    Raises:
        InputError: there is no such version.
        ArtifactError: it is damaged.
        UnavailableError: the bucket or the disk fails; what was copied serves the next attempt.
    """
    directory = store.path(version)
    manifest = reader.read_manifest(directory)
    _Upload(bucket, f"versions/{version}", on_bytes).files(directory, manifest)
    seed_hidden(store, bucket)
    history.promote(bucket, version)


class _Upload:
    """Copies files into a folder of a bucket."""

    def __init__(self, bucket: Bucket, folder: str, on_bytes: OnBytes) -> None:
        self._bucket = bucket
        self._folder = folder
        self._on_bytes = on_bytes
        self._done = self._total = 0

    def files(self, directory: Path, manifest: Manifest) -> None:
        """Copies those that are not there, the manifest last."""
        there = self._bucket.sizes(self._folder)
        expected = dict(manifest.sha256)
        for name in DESCRIPTION:
            with disk.failures(directory / name, "read"):
                expected[name] = checksums.of_file(directory / name)
        names = [*manifest.files, *DESCRIPTION]
        with disk.failures(directory, "read"):
            sizes = {name: (directory / name).stat().st_size for name in names}
        self._total = sum(sizes.values())
        for name in names:
            object_name = f"{self._folder}/{name}"
            sha256, size = expected.get(name, ""), sizes[name]
            if there.get(name) == size and self._bucket.sha256(object_name, size) == sha256:
                self._count(size)
                continue
            blocks = self._blocks(directory / name, sha256)
            self._bucket.write(object_name, b"".join(blocks) if size <= PIECE else blocks, sha256)

    def _blocks(self, path: Path, sha256: str) -> Iterator[bytes]:
        """The content of a file, which must have that checksum."""
        digest = hashlib.sha256()
        with disk.failures(path, "read"), path.open("rb") as file:
            while block := file.read(PIECE):
                digest.update(block)
                yield block
                self._count(len(block))
        if digest.hexdigest() != sha256:
            raise ArtifactError(
                f"{path} is damaged, and the version was not pushed: its checksum is not the one "
                f"in {MANIFEST}"
            )

    def _count(self, size: int) -> None:
        self._done += size
        self._on_bytes(self._done, self._total)
