"""The list of hidden items in a bucket.

It is changed item by item, never replaced by that of a store: stores that push know different ones.
"""

from collections.abc import Callable

from service.model import hidden
from service.model.hidden import Hidden, Ids
from service.model.remote.bucket import Bucket
from service.model.store import Store

HIDDEN = "hidden"


def pull_hidden(store: Store, bucket: Bucket) -> tuple[Ids, Ids]:
    """Makes the bucket's list of hidden items that of the store, if the bucket has one.

    Returns:
        The ids hidden in the store before and after.

    Raises:
        ArtifactError: one of the lists is damaged.
        UnavailableError: the bucket or the disk fails.
    """
    local = Hidden(store.directory)
    before = local.ids()
    after = hidden_ids(bucket)
    if after is None:
        return before, before
    if after != before:
        local.replace(after)
    return before, after


def hidden_ids(bucket: Bucket) -> Ids | None:
    """The ids hidden in a bucket, or None if it has no list; raises what `pull_hidden` does."""
    found = bucket.read(HIDDEN)
    return None if found is None else hidden.parse(found.content, bucket.place(HIDDEN))


def change_hidden(bucket: Bucket, change: Callable[[Ids], Ids]) -> None:
    """Changes the bucket's list of hidden items.

    Raises:
        ArtifactError: the list is damaged.
        UnavailableError: the bucket fails.
    """
    place = bucket.place(HIDDEN)
    bucket.change(
        HIDDEN, lambda before: hidden.as_lines(change(hidden.parse(before or b"", place)))
    )


def seed_hidden(store: Store, bucket: Bucket) -> None:
    """Gives a bucket without a list of hidden items that of the store."""
    ids = Hidden(store.directory).ids()
    if ids and hidden_ids(bucket) is None:
        change_hidden(bucket, ids.union)
