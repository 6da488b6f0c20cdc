"""The record of the nightly job in a bucket, so that services that share no disk show it."""

from service.model.nights import Nights
from service.model.remote.bucket import Bucket
from service.model.store import Store

NIGHTS = "nights"


def push_nights(store: Store, bucket: Bucket) -> None:
    """Replaces the bucket's record by that of the store, where the job runs.

    Raises:
        UnavailableError: the bucket or the disk fails.
    """
    content = Nights(store.directory).content()
    bucket.change(NIGHTS, lambda _: content)


def pull_nights(store: Store, bucket: Bucket) -> None:
    """Makes the bucket's record that of the store, if the bucket has one.

    Raises:
        UnavailableError: the bucket or the disk fails.
    """
    found = bucket.read(NIGHTS)
    nights = Nights(store.directory)
    if found is not None and found.content != nights.content():
        nights.replace(found.content)
