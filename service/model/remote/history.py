"""Which version of a bucket is current."""

import re

from service.model.artifact import VERSION_PATTERN
from service.model.errors import ArtifactError, NoModelError
from service.model.remote.bucket import Bucket

HISTORY = "history"


def current(bucket: Bucket) -> tuple[str, object]:
    """The version to serve, and a mark that differs whenever one was pushed.

    Raises:
        NoModelError: nothing was pushed there.
        ArtifactError: the history is damaged.
        UnavailableError: it cannot be read now.
    """
    history = bucket.read(HISTORY)
    versions = _versions(bucket, history.content) if history else []
    if history is None or not versions:
        raise NoModelError(
            f"no model is published in {bucket.url}: run `item2vec models push {bucket.url}`"
        )
    return versions[-1], history.mark


def promote(bucket: Bucket, version: str) -> None:
    """Makes a version current that is there."""

    def with_current(before: bytes | None) -> bytes:
        others = (other for other in _versions(bucket, before or b"") if other != version)
        return _lines([*others, version])

    bucket.change(HISTORY, with_current)


def prune(bucket: Bucket, keep: int) -> list[str]:
    """Deletes versions older than the current one, but for the `keep` that were pushed last.

    Returns:
        The versions deleted, oldest first.
    """
    history = bucket.read(HISTORY)
    kept = _versions(bucket, history.content if history else b"")[-keep:]
    folders = bucket.folders("versions")
    deleted = [version for version in folders if version not in kept and version < kept[-1]]

    def without_deleted(before: bytes | None) -> bytes:
        versions = _versions(bucket, before or b"")
        return _lines([version for version in versions if version not in deleted])

    if deleted:
        bucket.change(HISTORY, without_deleted)
    for version in deleted:
        bucket.delete(f"versions/{version}")
    return deleted


def _versions(bucket: Bucket, content: bytes) -> list[str]:
    versions = content.decode(errors="replace").split()
    for version in versions:
        if not re.fullmatch(VERSION_PATTERN, version):
            raise ArtifactError(
                f"{bucket.place(HISTORY)} is damaged: write one version per line into it, the "
                "current last"
            )
    return versions


def _lines(versions: list[str]) -> bytes:
    return "".join(f"{version}\n" for version in versions).encode()
