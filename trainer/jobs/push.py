"""Copies what is published here to an object store."""

from service.model.errors import Item2VecError
from service.model.remote import history
from service.model.remote.bucket import Bucket
from service.model.remote.upload import push
from service.model.store import Store
from trainer.view.display import Silent


class NotPushedError(Item2VecError):
    """A version is published here, but not in the object store.

    Attributes:
        version: its name.
    """

    def __init__(self, message: str, version: str) -> None:
        super().__init__(message)
        self.version = version


def push_published(store: Store, bucket: Bucket, keep: int, display: Silent) -> None:
    """Pushes the version that was just published, and deletes old ones there.

    Args:
        store: where it is published.
        bucket: where it goes.
        keep: how many versions stay in the bucket.
        display: shows progress.

    Raises:
        NotPushedError: that failed.
    """
    version = store.current()
    try:
        push_version(store, bucket, version, display)
        for old in history.prune(bucket, keep):
            display.note(f"deleted version {old} from {bucket.url}")
    except Item2VecError as error:
        raise NotPushedError(
            f"version {version} is published in {store.directory}, but not pushed: {error}; then "
            f"run `item2vec models push {bucket.url}`",
            version,
        ) from error


def push_version(store: Store, bucket: Bucket, version: str, display: Silent) -> None:
    """Pushes a version; raises what `service.model.remote.upload.push` does."""
    with display.copying(f"pushing version {version} to {bucket.url}") as on_bytes:
        push(store, bucket, version, on_bytes)
